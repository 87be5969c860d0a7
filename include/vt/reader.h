/* SPDX-License-Identifier: MIT */
/* A buffered reader: from a file, a stream, or bytes of your own. What is in
 * the buffer is in hand; a line that is there costs no call of the library.
 * C#'s StreamReader and PipeReader.
 *
 *     for (;;) {
 *       VT_AWAIT(f, r, vt_reader_read_line(f->reader));
 *       if (r.status != 0) break;               // UV_EOF: there are no more
 *       use(f->reader->data, f->reader->size);  // no zero at its end
 *     }
 *
 * What a call gives is in data and size: a peek, a line and a part are slices
 * of the buffer, borrowed until the next call on the reader or its close. size
 * also tells of a call that failed how many bytes it has read.
 *
 * No byte is lost or given twice. Bytes that came before the end or an error
 * are given before it. Both are sticky: UV_EOF, or the error, again and again
 * until vt_reader_resume. UV_ENOMEM is not sticky, the next call goes on.
 *
 * One call at a time: until its result is taken, another one gets UV_EALREADY.
 * A call that is cancelled (UV_ECANCELED) or forgotten leaves its bytes unread,
 * also those that come later; but a large read (of as many bytes as the buffer
 * has, or more), whose bytes come straight into the caller's memory, and a
 * skip: size tells how far they came. Nobody's continuation runs inside a call
 * here.
 *
 * All on one loop's thread. */
#ifndef VT_READER_H
#define VT_READER_H

#include <string.h>

#include "vt/byte_stream.h"
#include "vt/wait_list.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What may be set; zeroed: nothing special. */
typedef struct vt_reader_options {
  /* Of the buffer, which is allocated when it is first needed. 0: 64 KiB. */
  size_t size;

  /* As many bytes a line, a part or a peek may have, with its end; the buffer
   * grows so far for them. 0: 1 MiB, or size where that is more. */
  size_t most;

  /* VT_READER_OWNS. */
  unsigned flags;
} vt_reader_options_t;

/* Closing the reader closes the stream. */
#define VT_READER_OWNS 1u

/* In the caller's memory, which must not move. Read data, size and error, leave
 * the rest. */
typedef struct vt_reader {
  const uint8_t *data; /* what the last call gave */
  size_t size;         /* bytes of it */
  int64_t error;       /* sticky: UV_EOF or the stream's error; 0 */
  uint8_t *buffer;
  size_t at;    /* of the first byte that is not read */
  size_t end;   /* of those that are there */
  size_t scan;  /* from at to here there is no LF */
  size_t limit; /* a line may be taken below; 0 when it must not */
  size_t capacity;
  vt_byte_stream_t *stream;
  struct vt__search *search; /* of the last delimiter */
  vt_wait_list_t calls;      /* the one that waits */
  vt_wait_list_t closes;
  vt_reader_options_t options;
  vt_t call;    /* of the stream, while filling */
  size_t room;  /* bytes that it may bring */
  void *direct; /* the read into whose own memory it brings them */
  uint8_t phase;
  bool filling; /* a read of the stream is under way */
  bool stopped; /* and was cancelled */
  bool cut;     /* in the middle of a line that was too long */
  bool lost;    /* nobody can say when the stream is done with the buffer */
} vt_reader_t;

/* Opens a reader of stream, which is borrowed until closed. Copies options,
 * which may be NULL. Allocates nothing. UV_EINVAL for NULL, for a stream that
 * cannot be read, for most below size and for what no memory can hold. */
VT_API int vt_reader_init(vt_reader_t *r, vt_byte_stream_t *stream,
                          const vt_reader_options_t *options);

/* Reads what is there, at least one byte and at most n, to out, which is
 * borrowed until completion; value.u is the count. */
VT_API VT_MUST_USE vt_t vt_reader_read(vt_reader_t *r, void *out, size_t n);

/* Reads n bytes to out, which is borrowed until completion. UV_EOF when there
 * are fewer: those are left unread but for a large read, of which r->size are
 * in out. */
VT_API VT_MUST_USE vt_t vt_reader_read_exact(vt_reader_t *r, void *out,
                                             size_t n);

/* The bytes up to and with the next delimiter, of length bytes, as a slice;
 * value.u is its size. The last part may lack its delimiter; an unfinished part
 * before an error is left unread. UV_E2BIG as for a line. Copies delimiter;
 * allocates for another or a longer one than the last time. */
VT_API VT_MUST_USE vt_t vt_reader_read_until(vt_reader_t *r,
                                             const void *delimiter,
                                             size_t length);

VT_API VT_MUST_USE vt_t vt__reader_read_line(vt_reader_t *r);

/* The next line as a slice without its LF or CR LF; value.u is its size. The
 * last line may lack its LF; an unfinished line before an error is left unread.
 * UV_E2BIG for a line of more than options.most bytes: the slice is its
 * beginning, and the next line is the one after it; every call but a line or a
 * part reads on in its middle. */
static inline VT_MUST_USE vt_t vt_reader_read_line(vt_reader_t *r) {
  if (VT_LIKELY(r != NULL && r->scan < r->limit)) {
    const uint8_t *line = r->buffer + r->at;
    const uint8_t *from = r->buffer + r->scan;
    const uint8_t *lf = (const uint8_t *)memchr(from, '\n', r->limit - r->scan);
    if (VT_LIKELY(lf != NULL)) {
      size_t size = (size_t)(lf - line);
      r->at = r->scan = r->at + size + 1;
      if (size > 0 && lf[-1] == '\r')
        size--;
      r->data = line;
      r->size = size;
      return vt_from_uint(size);
    }
    r->scan = r->limit;
  }
  return vt__reader_read_line(r);
}

/* All bytes that are there, at least n, as a slice that stays unread; value.u
 * is their number, which is below n only before the end or an error. n 0: never
 * waits. UV_E2BIG above options.most. */
VT_API VT_MUST_USE vt_t vt_reader_peek(vt_reader_t *r, size_t n);

/* Reads n bytes and drops them; value.u is n. UV_EOF when there are fewer, of
 * which r->size were dropped. Bytes that are not there yet are read to be
 * dropped, never passed over by a seek. */
VT_API VT_MUST_USE vt_t vt_reader_skip(vt_reader_t *r, size_t n);

/* Puts n bytes before those that are not read, in the order of data, which is
 * copied and may be the last slice. UV_E2BIG where more than options.most would
 * be unread, UV_ENOMEM, UV_EALREADY while a call waits, UV_EBUSY where the
 * buffer would have to move while a cancelled read of the stream is still under
 * way. */
VT_API int vt_reader_unread(vt_reader_t *r, const void *data, size_t n);

/* Clears the end or the error; the next call asks the stream again: of a file
 * that grows, a terminal. UV_EALREADY while a call waits, UV_EBADF after close,
 * the status of the error when it cannot be cleared. */
VT_API int vt_reader_resume(vt_reader_t *r);

/* Ends the reader, and the stream with VT_READER_OWNS; its result is the
 * stream's. A call that waits gets UV_ECANCELED. In hand when nothing is under
 * way. Again while it closes: completes with the first; after that UV_EBADF, as
 * is every use. Cannot be cancelled, and begins in a cancelled scope too. With
 * UV_ENOMEM in hand it closes all the same, and the reader's memory is in use
 * until that is over. */
VT_API VT_MUST_USE vt_t vt_reader_close(vt_reader_t *r);

#ifdef __cplusplus
}
#endif
#endif
