#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# reader_planted.sh SOURCE-DIR BUILD-DIR COMPILER TEST-ARGUMENTS...
# Plants one bug after another in a copy of the reader, and demands that the
# random test finds each. The arguments are what the test is linked with.
set -euo pipefail

random_test=reader_random
support_file=well.c
. "$1/tests/support/plant.sh"

# The place of the search, or of the unread bytes, is off.
plant reader.c 's/r->scan = r->end;/r->scan = r->end + 1;/'
plant reader.c 's/c->searched = n > 0 ? 0 : c->searched + left;/c->searched = left;/'
plant reader_fill.c 's/r->scan = r->scan - r->at + at;//'
plant reader_fill.c 's/r->end = at + unread;/r->end = at + unread - (unread > 9);/'
plant search.c 's/matched = s->borders\[matched - 1\];/matched = 0;/'
plant search.c 's/s->matched = matched == s->length ? 0 : matched;/s->matched = 0;/'
# A line's end, what is too long, and its rest.
plant reader.c "s/data\[size - 1\] == '.r'/false/"
plant reader.c 's/rest >= r->options.most/rest > r->options.most - 2/'
plant reader.c 's/r->cut ? before_end(r, c) : vt__reader_unread(r)/vt__reader_unread(r)/'
plant reader.c 's/r->cut = true;//'
# An end or an error overtakes bytes, or stays.
plant reader.c 's/if (r->error == UV_EOF \&\& rest > 0)/if (false)/'
plant reader.c 's/r->error == UV_EOF \&\& rest > 0/r->error != 0 \&\& rest > 0/'
plant reader_fill.c 's/if (is_refusal(got.status) \&\& !r->lost)/if (false)/'
plant reader.c 's/^  r->error = 0;//'
# What was forgotten or cancelled.
plant reader_fill.c 's/if (got.status == UV_ECANCELED \&\& r->stopped)/if (false)/'
plant reader_fill.c 's/r->at -= read_of(wait)->call.consumed;//'
plant reader_fill.c 's/direct->call.done += got.value.u;/direct->call.done = got.value.u;/'
# What is put back.
plant reader.c 's/^  r->scan = r->at;//'
plant reader_fill.c 's/size_t at = to_end ? capacity - unread : 0;/size_t at = 0;/'

echo "$planted bugs planted, each found"
