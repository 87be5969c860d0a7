/* SPDX-License-Identifier: MIT */
/* One async function whose frame carries SIZED bytes of pattern; included once
 * for each size, as a body must not come out of one macro: its awaits stand on
 * lines of their own. The includer has pattern_fill and pattern_wrong.
 *
 * Gives vt_t sized_<SIZED>(void): checks the caller's bytes after a first wait,
 * its own after a second; succeeds with 0 when all are right. */
#define SIZED_CAT2(a, b) a##b
#define SIZED_CAT(a, b) SIZED_CAT2(a, b)
#define SIZED_FRAME SIZED_CAT(sized_frame_, SIZED)
#define SIZED_BODY SIZED_CAT(sized_body_, SIZED)

struct SIZED_FRAME {
  vt_frame_t vt;
  unsigned char bytes[SIZED];
};

static vt_t SIZED_BODY(void *frame) {
  struct SIZED_FRAME *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_done());
  VT_TRY(f, vt_yield());
  if (pattern_wrong(f->bytes, SIZED, 1) != 0)
    VT_RETURN(f, vt_failed(UV_EIO));
  pattern_fill(f->bytes, SIZED, 2);
  VT_TRY(f, vt_yield());
  VT_RETURN(f, vt_from_int(pattern_wrong(f->bytes, SIZED, 2)));
  VT_END(f);
}

static vt_t SIZED_CAT(sized_, SIZED)(void) {
  struct SIZED_FRAME frame;
  pattern_fill(frame.bytes, SIZED, 1);
  return vt_start(&frame, SIZED_BODY);
}

#undef SIZED_BODY
#undef SIZED_FRAME
#undef SIZED_CAT
#undef SIZED_CAT2
#undef SIZED
