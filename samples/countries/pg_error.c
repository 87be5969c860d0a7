/* SPDX-License-Identifier: MIT */
/* What libpq and the server say, as statuses and one-line messages. */
#include "pg_error.h"

#include <string.h>

/* Classes of SQLSTATE (two characters) and whole ones, the first that fits. */
static const struct {
  const char *state;
  int status;
} statuses[] = {
    {"23505", UV_EEXIST},  {"22", UV_EINVAL},       {"23", UV_EINVAL},
    {"25006", UV_EROFS},   {"28", UV_EACCES},       {"40", UV_EBUSY},
    {"42501", UV_EACCES},  {"42", UV_EINVAL},       {"53100", UV_ENOSPC},
    {"53200", UV_ENOMEM},  {"53", UV_EBUSY},        {"54", UV_EFBIG},
    {"55P03", UV_EBUSY},   {"57014", UV_ETIMEDOUT}, {"57P", UV_ECONNRESET},
    {"08", UV_ECONNRESET},
};

/* libpq's messages end in a newline, and may have more. */
static int tell(struct pg *pg, int status, const char *message) {
  char line[COUNTRY_ERROR_SIZE];
  size_t size = 0;
  for (; *message && size < sizeof line - 1; message++)
    if (*message != '\n')
      line[size++] = *message == '\t' ? ' ' : *message;
    else if (message[1])
      line[size++] = ' ';
  line[size] = '\0';
  return country_error_set(&pg->error, status, "%s",
                           size ? line : uv_strerror(status));
}

int pg_refused(struct pg *pg) {
  bool secret =
      PQconnectionNeedsPassword(pg->conn) || PQconnectionUsedPassword(pg->conn);
  return tell(pg, secret ? UV_EACCES : UV_ECONNREFUSED,
              PQerrorMessage(pg->conn));
}

int pg_lost(struct pg *pg) {
  int status = tell(pg, UV_ECONNRESET, PQerrorMessage(pg->conn));
  pg_disconnect(pg);
  return status;
}

bool pg_is_failure(const PGresult *result) {
  ExecStatusType status = PQresultStatus(result);
  return result && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
}

static int status_of(const PGresult *result) {
  const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  size_t count = sizeof statuses / sizeof *statuses;
  if (!state) /* libpq's own, mostly of the connection */
    return UV_ECONNRESET;
  for (size_t i = 0; i < count; i++)
    if (strncmp(state, statuses[i].state, strlen(statuses[i].state)) == 0)
      return statuses[i].status;
  return UV_EIO;
}

int pg_failed(struct pg *pg) {
  int status =
      tell(pg, status_of(pg->result), PQresultErrorMessage(pg->result));
  if (PQstatus(pg->conn) == CONNECTION_BAD)
    pg_disconnect(pg);
  return status;
}
