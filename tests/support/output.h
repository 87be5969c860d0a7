/* SPDX-License-Identifier: MIT */
/* A buffered writer over a new file, bytes that tell where they belong, and the
 * proof that none is lost or doubled. */
#ifndef VT_TEST_OUTPUT_H
#define VT_TEST_OUTPUT_H

#include "support/fixture.h"

/* Bytes of each of the writer's two buffers. */
#define OUTPUT_BUFFER 16

struct output {
  vt_writer_t w;
  vt_byte_file_t file;
  int fd;
};

void output_open(struct output *o, int64_t offset);
/* The same over a file of the case's, which output_close closes. */
void output_open_file(struct output *o, int fd, int64_t offset);
void output_close(struct fixture *f, struct output *o);

/* Byte number i, and the first size of them. */
uint8_t output_byte(size_t i);
void output_fill(uint8_t *data, size_t size);

/* Fills the buffer with the bytes from number from on, in hand. */
void output_fill_buffer(struct output *o, size_t from);

/* The file and then the buffer hold the first size bytes, each once. */
void output_assert_kept(struct output *o, size_t size);

/* The file holds them all, the buffer none. */
void output_assert_file(struct output *o, size_t size);

/* Every write and flush is refused in hand with this status. */
void output_assert_refuses(struct output *o, int64_t status);

#endif
