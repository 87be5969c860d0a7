/* SPDX-License-Identifier: MIT */
/* Countries whose numbers were chosen to meet in a plain hash table: in its low
 * bits, in its high ones, and where a product with the usual constant puts
 * them. The server finds and writes them in as few steps as others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "countries/country_db.h"
#include "countries/country_key.h"
#include "samples/abuse_host.h"

#define KEYS 4000u
#define WRITES 20u
/* 2^32 over the golden ratio; its inverse, by which the product is undone. */
#define GOLDEN UINT32_C(2654435769)
#define GOLDEN_INVERSE UINT32_C(340573321)

_Static_assert((uint32_t)(GOLDEN *GOLDEN_INVERSE) == 1, "it undoes it");

/* ---- helpers ---- */

/* The number of key i, 0 for none: numbers have 31 bits. */
typedef uint32_t make_fn(uint32_t i);

static uint32_t same_low_bits(uint32_t i) { return i << 17 | 5; }

static uint32_t same_high_bits(uint32_t i) { return UINT32_C(0x7f000000) | i; }

static uint32_t same_product(uint32_t i) {
  uint32_t number = i * GOLDEN_INVERSE;
  return number >> 31 ? 0 : number;
}

/* So many of them as a file to import; the last of them in out. */
static void write_keys(const char *path, make_fn *make, uint32_t *out) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("numeric,alpha_2,alpha_3,name,official_name,flag\n", file);
  for (uint32_t i = 1, count = 0; count < KEYS; i++) {
    uint32_t number = make(i);
    if (number == 0)
      continue;
    fprintf(file, "%u,,,N%u,,\n", (unsigned)number, (unsigned)number);
    out[count++] = number;
  }
  assert_int_equal(fclose(file), 0);
}

/* Requests and their replies, to be played. */
static struct abuse get_all(const uint32_t *numbers, char *in, char *out) {
  struct abuse a = {.row = "R34", .end = STAYS};
  a.in.head = in;
  a.out.head = out;
  for (size_t i = 0; i < KEYS; i++) {
    char name[16];
    int size = snprintf(name, sizeof name, "N%u", (unsigned)numbers[i]);
    a.in.head_size += (size_t)sprintf(in + a.in.head_size, "GET country:%u\r\n",
                                      (unsigned)numbers[i]);
    a.out.head_size +=
        (size_t)sprintf(out + a.out.head_size, "$%d\r\n%s\r\n", size, name);
  }
  return a;
}

static struct abuse set_some(const uint32_t *numbers, char *in) {
  struct abuse a = {
      "R34", {.head = in}, REPEATED("", "+OK\r\n", WRITES, ""), STAYS};
  for (size_t i = 0; i < WRITES; i++)
    a.in.head_size +=
        (size_t)sprintf(in + a.in.head_size, "SET country:%u N%u\r\n",
                        (unsigned)numbers[i], (unsigned)numbers[i]);
  return a;
}

/* The slots that a look-up of each key looks at: of all together, and of the
 * one with the most. */
static size_t count_steps(const struct country_index *index,
                          const uint32_t *numbers, size_t *out_most) {
  size_t mask = country_key_mask(index), all = 0;
  *out_most = 0;
  for (size_t i = 0; i < KEYS; i++) {
    size_t slot = country_key_slot(index, numbers[i]), steps = 1;
    for (; index->keys[slot] != numbers[i]; steps++)
      slot = (slot + 1) & mask;
    all += steps;
    *out_most = steps > *out_most ? steps : *out_most;
  }
  return all;
}

static void expect_few_steps(const struct host *h, const uint32_t *numbers) {
  size_t most;
  vt_result_t r = vt_get_result(get_countries(h->countries));
  assert_int_equal(r.status, 0);
  const struct country_dict *dict = country_dict_value(r);
  assert_true(dict->direct_size <= 1000); /* all others are in the index */
  size_t all = count_steps(&dict->by_numeric, numbers, &most);
  print_message("%u keys: %zu steps, %zu for one\n", KEYS, all, most);
  assert_true(all <= 2 * KEYS);
  assert_true(most <= 64);
}

/* ---- cases ---- */

static void keys_are_found_in_few_steps(struct inside *in, make_fn *make) {
  static const struct abuse_way whole = {0};
  static uint32_t numbers[KEYS];
  static char requests[KEYS * 32], replies[KEYS * 32];
  struct host h;
  char path[96];
  snprintf(path, sizeof path, "%s/k.csv", in->dir);
  write_keys(path, make, numbers);
  assert_int_equal(country_db_import(in->db, path, NULL, 0), 0);
  unlink(path);
  assert_null(host_open(&h, in));
  struct abuse get = get_all(numbers, requests, replies);
  assert_true(abuse_play(&h.target, &get, &whole));
  expect_few_steps(&h, numbers);
  struct abuse set = set_some(numbers, requests);
  assert_true(abuse_play(&h.target, &set, &whole));
  get = get_all(numbers, requests, replies);
  assert_true(abuse_play(&h.target, &get, &whole));
  expect_few_steps(&h, numbers);
  assert_null(host_close(&h));
}

static void numbers_with_the_same_low_bits_are_found(void **state) {
  keys_are_found_in_few_steps(*state, same_low_bits);
}

static void numbers_with_the_same_high_bits_are_found(void **state) {
  keys_are_found_in_few_steps(*state, same_high_bits);
}

static void numbers_with_the_same_product_are_found(void **state) {
  keys_are_found_in_few_steps(*state, same_product);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      host_test(numbers_with_the_same_low_bits_are_found),
      host_test(numbers_with_the_same_high_bits_are_found),
      host_test(numbers_with_the_same_product_are_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
