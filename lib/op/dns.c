/* SPDX-License-Identifier: MIT */
/* Names and addresses.
 *
 * The block holds the request; libuv asks the resolver on a thread of its pool
 * and on_addresses or on_names completes. What is numeric is asked for here and
 * now, with flags that forbid the resolver to look anywhere: a list then is the
 * result of an operation that is complete already, not of one in hand, so that
 * it is given once and a forgotten one frees itself.
 *
 * What can go wrong: a name server that does not answer. A cancel in libuv's
 * queue brings the request back; after that the awaiter is answered at once, as
 * neither kind holds the caller's memory: a late list is freed, late names are
 * not copied. The request of names has 1.3 KB; such blocks are a class of their
 * own in the pool. */
#include "vt/dns.h"

#include <stdio.h>
#include <string.h>

#include "vt/bridge.h"
#include "vt/loop.h"

enum { NODE_KEPT = 64 };

struct addresses_op {
  vt_op_t op;
  uv_getaddrinfo_t req;
  char node[NODE_KEPT]; /* for reports; as much as fits */
};

struct names_op {
  vt_op_t op;
  vt_nameinfo_t *out; /* NULL: the awaiter was answered */
  uv_getnameinfo_t req;
};

/* Cancelled and out of memory have one code each in this library. */
static int dns_status(int rc) {
  switch (rc) {
  case UV_EAI_CANCELED:
    return UV_ECANCELED;
  case UV_EAI_MEMORY:
    return UV_ENOMEM;
  default:
    return rc;
  }
}

/* ---- addresses ---- */

static int addresses_cancel(vt_op_t *op) {
  return uv_cancel((uv_req_t *)&((struct addresses_op *)op)->req);
}

static void addresses_describe(const vt_op_t *op, char *text, size_t size) {
  snprintf(text, size, "%s", ((const struct addresses_op *)op)->node);
}

static void addresses_discard(vt_op_t *op, vt_result_t late) {
  (void)op;
  if (late.status == 0)
    uv_freeaddrinfo(late.value.p);
}

static const vt_op_kind_t addresses_kind = {.ops = VT_OP_OPS("getaddrinfo"),
                                            .size = sizeof(struct addresses_op),
                                            .cancel = addresses_cancel,
                                            .describe = addresses_describe,
                                            .discard = addresses_discard,
                                            .detachable = true};

static vt_result_t addresses_result(int status, struct addrinfo *list) {
  vt_result_t result = {dns_status(status), {0}};
  if (status == 0)
    result.value.p = list;
  return result;
}

static void on_addresses(uv_getaddrinfo_t *req, int status,
                         struct addrinfo *list) {
  vt_op_complete(req->data, addresses_result(status, list));
}

static bool is_number(const char *service) {
  return service[0] != '\0' && service[strspn(service, "0123456789")] == '\0';
}

static bool is_address(const char *node) {
  unsigned char address[sizeof(struct in6_addr)];
  return uv_inet_pton(AF_INET, node, address) == 0 ||
         uv_inet_pton(AF_INET6, node, address) == 0;
}

/* Whether no file and no server needs to be asked. */
static bool is_numeric(const char *node, const char *service,
                       const struct addrinfo *hints) {
  bool host = !node || hints->ai_flags & AI_NUMERICHOST || is_address(node);
  return host &&
         (!service || hints->ai_flags & AI_NUMERICSERV || is_number(service));
}

/* Asks where no waiting is needed. */
static vt_t addresses_now(struct addresses_op *a, const char *node,
                          const char *service, struct addrinfo *hints) {
  hints->ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
  int rc = uv_getaddrinfo(vt_op_uv(a), &a->req, NULL, node, service, hints);
  if (rc != 0)
    return vt_op_started(a, dns_status(rc));
  vt_t v = vt_op_started(a, 0);
  vt_op_complete(a, addresses_result(0, a->req.addrinfo));
  return v;
}

vt_t vt_getaddrinfo(const char *node, const char *service,
                    const struct addrinfo *hints) {
  struct addresses_op *a;
  struct addrinfo own = {0};
  if (!node && !service)
    return vt_failed(UV_EINVAL);
  int rc = vt_op_begin(&addresses_kind, &a);
  if (rc != 0)
    return vt_failed(rc);
  if (hints)
    own = *hints;
  a->req.data = a;
  snprintf(a->node, sizeof a->node, "%s", node ? node : "");
  if (is_numeric(node, service, &own))
    return addresses_now(a, node, service, &own);
  rc = uv_getaddrinfo(vt_op_uv(a), &a->req, on_addresses, node, service, hints);
  return vt_op_started(a, dns_status(rc));
}

void vt_freeaddrinfo(struct addrinfo *list) { uv_freeaddrinfo(list); }

/* ---- names ---- */

static int names_cancel(vt_op_t *op) {
  struct names_op *n = (struct names_op *)op;
  int rc = uv_cancel((uv_req_t *)&n->req);
  if (rc != 0)
    n->out = NULL;
  return rc;
}

static void names_describe(const vt_op_t *op, char *text, size_t size) {
  const struct names_op *n = (const struct names_op *)op;
  if (uv_ip_name((const struct sockaddr *)&n->req.storage, text, size) != 0)
    text[0] = '\0';
}

static const vt_op_kind_t names_kind = {.ops = VT_OP_OPS("getnameinfo"),
                                        .size = sizeof(struct names_op),
                                        .cancel = names_cancel,
                                        .describe = names_describe,
                                        .detachable = true};

static void copy_names(vt_nameinfo_t *out, const char *host,
                       const char *service) {
  snprintf(out->host, sizeof out->host, "%s", host);
  snprintf(out->service, sizeof out->service, "%s", service);
}

static void on_names(uv_getnameinfo_t *req, int status, const char *host,
                     const char *service) {
  struct names_op *n = req->data;
  vt_result_t result = {dns_status(status), {0}};
  if (!n->out)
    result.status = UV_ECANCELED;
  if (result.status == 0)
    copy_names(n->out, host, service);
  vt_op_complete(n, result);
}

/* Asks where no waiting is needed, with a request on the stack. */
static vt_t names_now(const struct sockaddr *addr, int flags,
                      vt_nameinfo_t *out) {
  uv_getnameinfo_t req;
  vt_loop_t *loop = vt_loop_current();
  if (!loop)
    return vt_failed(VT_ENOLOOP);
  int rc = uv_getnameinfo(vt_loop_uv(loop), &req, NULL, addr, flags);
  if (rc != 0)
    return vt_failed(dns_status(rc));
  copy_names(out, req.host, req.service);
  return vt_done();
}

vt_t vt_getnameinfo(const struct sockaddr *addr, int flags,
                    vt_nameinfo_t *out) {
  const int numeric = NI_NUMERICHOST | NI_NUMERICSERV;
  struct names_op *n;
  if (!addr || !out)
    return vt_failed(UV_EINVAL);
  if ((flags & numeric) == numeric)
    return names_now(addr, flags, out);
  int rc = vt_op_begin(&names_kind, &n);
  if (rc != 0)
    return vt_failed(rc);
  n->out = out;
  n->req.data = n;
  return vt_op_started(
      n, uv_getnameinfo(vt_op_uv(n), &n->req, on_names, addr, flags));
}
