/* SPDX-License-Identifier: MIT */
/* Shows: three async functions with a channel between each and the next. The
 * first reads lines, the second drops comments and writes the rest in capitals,
 * the third counts. A channel has room for four: who is too fast waits for who
 * is too slow (back-pressure), so that a file of any size takes little memory.
 * Who ends closes its channels, and so those beside it end too.
 *
 * Usage: pipeline FILE
 * Try:   build/release/samples/pipeline README.md
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vt.h>

enum { ROOM = 4, LONGEST = 512 };

/* ---- read: a file, line by line; who receives a line frees it ---- */

struct read_frame {
  vt_frame_t vt;
  const char *path;
  vt_channel_t *out;
  uv_file file;
  char *line; /* ours until it is sent */
  size_t length;
  size_t at, size; /* of block */
  char block[4096];
  char text[LONGEST];
};

/* Takes the block's bytes up to the end of a line: whether it has come. NULL in
 * line then: no memory. */
static bool next_line(struct read_frame *f) {
  while (f->at < f->size && f->length < LONGEST) {
    char c = f->block[f->at++];
    if (c == '\n') {
      f->text[f->length] = '\0';
      f->length = 0;
      f->line = strdup(f->text);
      return true;
    }
    f->text[f->length++] = c;
  }
  return false;
}

static vt_t read_body(void *frame) {
  struct read_frame *f = frame;
  vt_value_t v;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, v, vt_fs_open(f->path, UV_FS_O_RDONLY, 0));
  f->file = (uv_file)v.i;
  do {
    VT_TRY_VALUE(f, v, vt_fs_read(f->file, f->block, sizeof f->block, -1));
    f->size = v.u;
    f->at = 0;
    while (next_line(f)) {
      if (!f->line)
        VT_RETURN(f, vt_failed(UV_ENOMEM));
      VT_TRY(f, vt_channel_send_async(f->out, (vt_value_t){.p = f->line}));
      f->line = NULL;
    }
    if (f->length == LONGEST)
      VT_RETURN(f, vt_failed(UV_E2BIG));
  } while (f->size != 0);
  VT_FINALLY(f);
  free(f->line);
  vt_channel_close(f->out, 0);
  if (f->file >= 0)
    VT_TRY(f, vt_fs_close(f->file));
  VT_END(f);
}

/* ---- capitals: without comments ---- */

struct capitals_frame {
  vt_frame_t vt;
  vt_channel_t *in, *out;
  char *line; /* ours until it is sent */
};

static vt_t capitals_body(void *frame) {
  struct capitals_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  for (;;) {
    VT_AWAIT(f, r, vt_channel_receive_async(f->in));
    if (r.status != 0)
      VT_RETURN(f, r.status == UV_EOF ? vt_done() : vt_failed(r.status));
    f->line = r.value.p;
    if (f->line[0] != '#') {
      for (char *c = f->line; *c; c++)
        *c = (char)toupper((unsigned char)*c);
      VT_TRY(f, vt_channel_send_async(f->out, (vt_value_t){.p = f->line}));
      f->line = NULL;
    }
    free(f->line);
    f->line = NULL;
  }
  VT_FINALLY(f);
  free(f->line);
  vt_channel_close(f->in, 0); /* who sends there is told */
  vt_channel_close(f->out, 0);
  VT_END(f);
}

/* ---- count ---- */

struct counted {
  uint64_t lines, letters;
  size_t most; /* lines that waited in the channel */
  char first[LONGEST];
};

struct count_frame {
  vt_frame_t vt;
  vt_channel_t *in;
  struct counted *counted;
};

static void count_line(struct counted *c, const char *line, size_t waiting) {
  if (c->lines++ == 0)
    snprintf(c->first, sizeof c->first, "%s", line);
  for (; *line; line++)
    c->letters += isalpha((unsigned char)*line) != 0;
  if (waiting > c->most)
    c->most = waiting;
}

static vt_t count_body(void *frame) {
  struct count_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  for (;;) {
    VT_AWAIT(f, r, vt_channel_receive_async(f->in));
    if (r.status != 0)
      VT_RETURN(f, r.status == UV_EOF ? vt_done() : vt_failed(r.status));
    count_line(f->counted, r.value.p, vt_channel_count(f->in));
    free(r.value.p);
    VT_TRY(f, vt_yield()); /* the slow one */
  }
  VT_FINALLY(f);
  vt_channel_close(f->in, 0);
  VT_END(f);
}

/* ---- all three ---- */

/* Frees what a stage that failed has left. */
static void channel_free(vt_channel_t *c) {
  vt_value_t line;
  while (c && vt_channel_try_receive(c, &line) == 0)
    free(line.p);
  vt_channel_unref(c);
}

static int64_t run(vt_loop_t *loop, const char *path, struct counted *counted) {
  vt_channel_t *lines = NULL, *capitals = NULL;
  int64_t status = vt_channel_new(ROOM, &lines);
  if (status == 0)
    status = vt_channel_new(ROOM, &capitals);
  if (status == 0) {
    struct read_frame reads = {.path = path, .out = lines, .file = -1};
    struct capitals_frame changes = {.in = lines, .out = capitals};
    struct count_frame counts = {.in = capitals, .counted = counted};
    vt_t all = VT_ALL(0, NULL, vt_start_boxed(&reads, sizeof reads, read_body),
                      vt_start(&changes, capitals_body),
                      vt_start(&counts, count_body));
    status = vt_loop_run(loop, all).status;
  }
  channel_free(lines);
  channel_free(capitals);
  return status;
}

int main(int argc, char **argv) {
  struct counted counted = {.lines = 0};
  uv_loop_t uv;
  vt_loop_t *loop = NULL;
  if (argc != 2) {
    fprintf(stderr, "usage: pipeline FILE\n");
    return 2;
  }
  if (uv_loop_init(&uv) != 0)
    return 1;
  int64_t status = vt_loop_attach(&uv, &loop);
  if (status == 0) {
    vt_loop_set_report(loop, vt_report_stderr, NULL);
    status = run(loop, argv[1], &counted);
    int left = vt_loop_detach(loop, NULL);
    uv_run(&uv, UV_RUN_DEFAULT);
    status = status != 0 ? status : left;
  }
  if (status != 0)
    fprintf(stderr, "pipeline: %s: %s\n", argv[1], vt_strerror(status));
  else
    printf("%llu lines, %llu letters; the first is %s\n"
           "at most %zu lines waited to be counted\n",
           (unsigned long long)counted.lines,
           (unsigned long long)counted.letters, counted.first, counted.most);
  return uv_loop_close(&uv) == 0 && status == 0 ? 0 : 1;
}
