/* SPDX-License-Identifier: MIT */
/* Shows: a program run with input, its output collected and its exit awaited,
 * and all of it within a time; else it is killed.
 *
 * Usage: spawn TIMEOUT_MS INPUT PROGRAM ARG...
 * Try:   build/release/samples/spawn 1000 'some input' tr a-z A-Z
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vt.h>

/* Our end of a pipe of the child's. */
struct end {
  int fd;
  vt_poll_t *poll;
};

struct child {
  vt_process_t *process;
  struct end in, out; /* its input, its output */
  const char *input;
  size_t sent;
  char output[65536];
  size_t size;
};

/* ---- its input and its output ---- */

/* Closes; the poll is of no use without its descriptor, and the other way. */
static vt_t close_end(struct end *end) {
  vt_t closed = end->poll ? vt_poll_close(end->poll) : vt_done();
  if (end->fd >= 0)
    close(end->fd);
  end->fd = -1;
  end->poll = NULL;
  return closed;
}

struct transfer {
  vt_frame_t vt;
  struct child *child;
};

static vt_t feed_body(void *frame) {
  struct transfer *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  while (f->child->input[f->child->sent] != '\0') {
    VT_AWAIT(f, r, vt_poll_wait(f->child->in.poll, UV_WRITABLE));
    if (r.status != 0 && r.status != UV_EBADF) /* which the write explains */
      VT_RETURN(f, vt_from_result(r));
    const char *rest = f->child->input + f->child->sent;
    ssize_t n = write(f->child->in.fd, rest, strlen(rest));
    if (n < 0 && errno == EPIPE)
      break; /* it does not want it all */
    if (n < 0 && errno != EAGAIN)
      VT_RETURN(f, vt_failed(uv_translate_sys_error(errno)));
    f->child->sent += n > 0 ? (size_t)n : 0;
  }
  VT_FINALLY(f);
  VT_TRY(f, close_end(&f->child->in));
  VT_END(f);
}

static vt_t collect_body(void *frame) {
  struct transfer *f = frame;
  ssize_t n;
  VT_BEGIN(f);
  do {
    VT_TRY(f, vt_poll_wait(f->child->out.poll, UV_READABLE));
    n = read(f->child->out.fd, f->child->output + f->child->size,
             sizeof f->child->output - f->child->size);
    if (n < 0 && errno != EAGAIN)
      VT_RETURN(f, vt_failed(uv_translate_sys_error(errno)));
    f->child->size += n > 0 ? (size_t)n : 0;
  } while (n != 0); /* the end, or no room for more */
  VT_FINALLY(f);
  VT_TRY(f, close_end(&f->child->out));
  VT_END(f);
}

/* ---- the program ---- */

/* A pipe, one end of it ours. */
static int open_end(struct end *end, int ours, int *theirs) {
  int fd[2];
  if (pipe(fd) != 0)
    return uv_translate_sys_error(errno);
  end->fd = fd[ours];
  *theirs = fd[1 - ours];
  fcntl(end->fd, F_SETFD, FD_CLOEXEC);
  return vt_poll_new(end->fd, &end->poll);
}

static int start(struct child *c, char **args) {
  uv_stdio_container_t stdio[3] = {{.flags = UV_INHERIT_FD, .data.fd = -1},
                                   {.flags = UV_INHERIT_FD, .data.fd = -1},
                                   {.flags = UV_INHERIT_FD, .data.fd = 2}};
  uv_process_options_t options = {
      .file = args[0], .args = args, .stdio = stdio, .stdio_count = 3};
  int rc = open_end(&c->in, 1, &stdio[0].data.fd);
  if (rc == 0)
    rc = open_end(&c->out, 0, &stdio[1].data.fd);
  if (rc == 0)
    rc = vt_spawn(&options, &c->process);
  for (int i = 0; i < 2; i++)
    if (stdio[i].data.fd >= 0)
      close(stdio[i].data.fd);
  return rc;
}

struct run {
  vt_frame_t vt;
  struct child *child;
  uint64_t timeout_ms;
  vt_value_t exit;
};

static vt_t talk(struct child *c) {
  struct transfer feed = {.child = c}, collect = {.child = c};
  return VT_ALL(VT_FAIL_FAST, NULL, vt_start(&feed, feed_body),
                vt_start(&collect, collect_body), vt_process_wait(c->process));
}

static vt_t run_body(void *frame) {
  struct run *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, vt_with_timeout(talk(f->child), f->timeout_ms));
  if (r.status == UV_ETIMEDOUT)
    vt_process_kill(f->child->process, SIGKILL);
  else if (r.status != 0)
    VT_RETURN(f, vt_from_result(r));
  VT_TRY_VALUE(f, f->exit, vt_process_wait(f->child->process));
  VT_RETURN(f, vt_from_int(f->exit.i));
  VT_FINALLY(f);
  vt_process_kill(f->child->process, SIGKILL); /* if it still runs */
  VT_TRY(f, vt_process_close(f->child->process));
  VT_END(f);
}

static vt_result_t run(vt_loop_t *loop, struct child *c, uint64_t timeout_ms,
                       char **args) {
  struct run f = {.child = c, .timeout_ms = timeout_ms};
  vt_result_t r = {start(c, args), {0}};
  if (r.status == 0)
    r = vt_loop_run(loop, vt_start(&f, run_body));
  vt_result_t in = vt_loop_run(loop, close_end(&c->in));
  vt_result_t out = vt_loop_run(loop, close_end(&c->out));
  if (r.status == 0)
    r.status = in.status != 0 ? in.status : out.status;
  return r;
}

int main(int argc, char **argv) {
  vt_loop_t *loop = NULL;
  if (argc < 4 || vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 2;
  vt_loop_set_report(loop, vt_report_stderr, NULL);
  struct child c = {.in.fd = -1, .out.fd = -1, .input = argv[2]};
  vt_result_t r = run(loop, &c, strtoul(argv[1], NULL, 10), argv + 3);
  printf("%.*s", (int)c.size, c.output);
  if (r.status != 0)
    printf("%s: %s\n", argv[3], vt_strerror(r.status));
  else if (r.value.i < 0)
    printf("%s: ended by signal %d\n", argv[3], (int)-r.value.i);
  else
    printf("%s: exit status %d\n", argv[3], (int)r.value.i);
  uv_run(uv_default_loop(), UV_RUN_DEFAULT); /* the timeout's delay ends */
  if (vt_loop_detach(loop, NULL) != 0)
    return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return uv_loop_close(uv_default_loop()) == 0 && r.status == 0 ? 0 : 1;
}
