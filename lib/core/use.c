/* SPDX-License-Identifier: MIT */
/* What VT_DEBUG knows of value tasks.
 *
 * The macros announce each await before it happens. While the operation waits
 * for one, the announced line is noted beside its block with the token, so the
 * last note is the await that was accepted. Once there is a continuation, or
 * the token has moved on, the call will be refused: that is reported, with the
 * line that made the value task and the noted one, which outlives the release
 * of the block by one more owner. Statuses and counters are the calls' own.
 *
 * What can go wrong: without memory nothing is noted. A block that serves many
 * has forgotten; the report names what is left. */
#include "core/use.h"

#include "core/own.h"
#include "core/report.h"

/* The block that a source is, or NULL for tasks and users' sources. */
static vt_op_t *block_of(vt_source_t *source) {
  bool is_block = source->ops->on_completed == vt__op_on_completed;
  return is_block ? (vt_op_t *)(void *)source : NULL;
}

static vt__use_t *find(const vt_op_t *block, uint64_t token) {
  vt__use_t *uses = block ? vt__pool_uses(block) : NULL;
  for (int i = 0; uses && i < 2; i++)
    if (uses[i].token == token)
      return &uses[i];
  return NULL;
}

void vt__use_begin(vt_op_t *block, uint32_t made) {
  vt__use_t *uses = vt__pool_uses(block);
  vt__use_t now = {.token = block->source.token, .made = made};
  if (!uses)
    return;
  uses[1] = uses[0];
  uses[0] = now;
}

/* Notes the site as the first await of a block's current value task. */
static void note(vt_op_t *block, uint32_t site) {
  if (!find(block, block->source.token))
    vt__use_begin(block, 0);
  vt__use_t *use = find(block, block->source.token);
  if (!use)
    return;
  use->kind = block->source.ops->kind;
  use->awaited = site;
}

static void report(vt_loop_t *loop, vt_t v, int64_t status, uint32_t site) {
  vt_source_t *source = (vt_source_t *)v.source;
  const vt_source_ops_t *ops = source->ops;
  vt_op_t *block = block_of(source);
  const vt__use_t *use = find(block, v.value.u);
  const vt_loop_site_t *used = vt__sites_at(&loop->sites, site);
  const vt_loop_site_t *made = vt__sites_at(&loop->sites, use ? use->made : 0);
  const vt_loop_site_t *first = vt__sites_at(
      &loop->sites, use && status != VT_EPENDING ? use->awaited : 0);
  bool stale = source->token != v.value.u;
  const char *kind = use && use->kind ? use->kind : "operation";
  char subject[256] = "";
  if (!stale && ops->describe)
    ops->describe(source, subject, sizeof subject);
  vt_report_t misuse = {.kind = VT_REPORT_MISUSE,
                        .status = status,
                        .what = block && stale ? kind : ops->kind,
                        .subject = subject,
                        .file = made ? made->file : NULL,
                        .line = made ? made->line : 0,
                        .used_file = used->file,
                        .used_line = used->line,
                        .first_file = first ? first->file : NULL,
                        .first_line = first ? first->line : 0};
  vt__report(&misuse);
}

static bool is_awaited(const vt_source_t *source, const vt_op_t *block) {
  const struct vt__own_ops *own = source->ops->own;
  if (block)
    return block->phase == VT__AWAITED || block->phase == VT__QUEUED;
  return own && own->is_awaited && own->is_awaited(source);
}

/* What the call will be refused with, or 0. An awaited block gives its result
 * to nobody else; other sources do when they have it. */
static int64_t refusal(vt_t v, int64_t status, bool takes) {
  vt_source_t *source = (vt_source_t *)v.source;
  const vt_op_t *block = block_of(source);
  if (source->token != v.value.u)
    return VT_ESTALE;
  if ((block || !takes) && is_awaited(source, block))
    return VT_EAWAITED;
  return takes && status == VT_PENDING ? VT_EPENDING : 0;
}

static void use(vt_loop_t *loop, vt_t v, uint32_t site, bool takes) {
  if (vt_in_hand(v))
    return;
  int64_t status = vt_status(v);
  if (status == VT_ETHREAD)
    return;
  vt_op_t *block = block_of((vt_source_t *)v.source);
  int64_t refused = refusal(v, status, takes);
  if (refused != 0)
    report(loop, v, refused, site);
  else if (block)
    note(block, site);
}

void vt__use_await(vt_loop_t *loop, vt_t v, uint32_t site) {
  use(loop, v, site, false);
}

void vt__use_take(vt_loop_t *loop, vt_t v, uint32_t site) {
  use(loop, v, site, true);
}
