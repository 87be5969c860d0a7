/* SPDX-License-Identifier: MIT */
/* CALL gives a value task that nobody takes. */
/* expect: unused-result */
/* also: c++ */
#include <vt.h>

struct place {
  vt_frame_t frame;
  vt_body_fn *body;
  vt_writer_t *writer;
  vt_stream_t *stream;
  vt_listener_t *listener;
  vt_task_t *task;
  vt_reset_source_t *source;
  uv_file file;
  vt_work_fn *work;
  char bytes[8];
};

void call(struct place *p);

void call(struct place *p) {
#ifdef WRONG
  CALL;
#else
  vt_forget(CALL);
#endif
  (void)p;
}
