# SPDX-License-Identifier: MIT
"""What gdb shows of vt: value tasks, sources and async functions, in a process
or in a core file.

    (gdb) source <prefix>/share/vt/vt-gdb.py

    print V              a vt_t, vt_result_t, vt_source_t or vt_frame_t in words
                         (print/r gives the plain fields)
    vt-walk [LOOP]       what is not over on a loop: every operation, async
                         function and await; without LOOP, on each thread's
    vt-stack V           from an operation or value task outwards: which async
                         functions wait for it, down to the last continuation
    vt-frame V           the frame of an async function: where it waits, and its
                         locals

V is an expression: a vt_t, or the address that vt-walk prints. Everything is
read from memory; nothing is called in the process. libvt must have its debug
information (-g) for all but the printing of results in hand.
"""
import errno
import os

import gdb

# What the library's headers say, of what stands in no debug information:
# enum vt__phase, VT_ERRNO_MAP, VT__SLAB_SIZE and VT__SLAB_HEAD, the states of
# vt_frame_t, and libuv's codes that are not the system's.
PHASES = ('free', 'pending', 'awaited', 'queued', 'done', 'cancelled, held')
AWAITED, QUEUED = 2, 3
ERRNO_FIRST, ERRNO_NAMES = -20001, (
    'VT_ESTALE', 'VT_EPENDING', 'VT_EAWAITED', 'VT_EDONE', 'VT_ETHREAD',
    'VT_ESTATUS', 'VT_ENOLOOP', 'VT_EDROPPED', 'VT_ESTATE')
UV_NAMES = {-4095: 'UV_EOF', -4094: 'UV_UNKNOWN', -4080: 'UV_ECHARSET'}
SLAB_SIZE, SLAB_HEAD = 16384, 64
CLEANUP = 1 << 63
STATES = {1: 'on the stack', 2: 'in its box, has not waited', 3: 'leaving'}


# ---- small helpers ----

def pointer_to(name):
    return gdb.lookup_type(name).pointer()


def at(address, name):
    """The object of a type at an address."""
    return gdb.Value(address).cast(pointer_to(name)).dereference()


def text_of(value):
    return value.string('utf-8', 'replace') if int(value) else ''


def function_block(address):
    """The function at an address, not what was inlined into it; or None."""
    block = gdb.block_for_pc(address) if address else None
    while block and block.superblock and not block.superblock.is_static:
        block = block.superblock
    return block if block and block.function else None


def function_name(address):
    block = function_block(int(address))
    return block.function.name if block else '0x%x' % int(address)


def status_text(status):
    """The status by its name where it has one."""
    index = ERRNO_FIRST - status
    if 0 <= index < len(ERRNO_NAMES):
        return ERRNO_NAMES[index]
    if -status in errno.errorcode:
        return 'UV_' + errno.errorcode[-status]
    return UV_NAMES.get(status, 'status %d' % status) if status else 'succeeded'


def value_text(value):
    i = int(value['i'])
    return '%d (0x%x)' % (i, i & 0xffffffffffffffff)


# ---- sources ----

class Source:
    """A source in memory, looked at through its table."""

    def __init__(self, address):
        self.address = int(address)
        self.header = at(self.address, 'vt_source_t')
        self.ops = self.header['ops'].dereference()
        self.kind = text_of(self.ops['kind'])
        self.token = int(self.header['token'])
        own = self.ops['own']
        self.own = own.dereference() if int(own) else None
        self.is_block = bool(self.own) and int(self.own['ready']) != 0
        self.is_box = self.is_block and self.kind == 'async function'
        self.is_waiter = self.is_block and int(self.own['about']) != 0

    def op(self):
        return at(self.address, 'vt_op_t')

    def slab(self):
        return at(self.address & ~(SLAB_SIZE - 1), 'vt__slab_t')

    def phase(self):
        return int(self.op()['phase'])

    def frame_address(self):
        return self.address + box_size()

    def frame(self):
        return at(self.frame_address(), 'vt_frame_t')

    def awaited(self):
        """The address of the source that a box or a waiter waits for; 0."""
        if self.is_box:
            tail = gdb.lookup_type('struct vt__box_tail')
            box = at(self.frame_address() - tail.sizeof, 'struct vt__box_tail')
            return int(box['awaited'])
        if self.is_waiter:
            awaited = int(at(self.address, 'vt__waiter_t')['awaited'])
            return 0 if awaited & 1 else awaited
        return 0

    def subject(self):
        try:
            return self.read_subject()
        except (gdb.error, RuntimeError):
            return ''  # the library's debug information lacks the type

    def read_subject(self):
        if self.is_box:
            return function_name(frame_body(self.frame()))
        if self.kind == 'delay':
            return '%d ms' % self.span()
        if self.kind.startswith('fs_'):
            return self.read_file()
        if self.kind == 'task':
            task = at(self.address, 'struct vt_task')
            pending = int(task['pending'])
            return '%s, %d references' % (
                'pending' if pending else
                status_text(int(task['result']['status'])), int(task['refs']))
        return ''

    def read_file(self):
        """What an operation on files is about, in the words of lib/op/fs.c."""
        kind = at(int(self.header['ops']), 'vt_op_kind_t')
        about = function_name(kind['describe'])
        if about == 'vt__fs_describe_paths':
            op = at(self.address, 'vt__fs_paths_op_t')
            return '%s to %s' % (op['from']['path'].string(), op['to'].string())
        if about == 'vt__fs_describe_path':
            return at(self.address, 'vt__fs_path_op_t')['path'].string()
        op = at(self.address, 'vt__fs_op_t')
        if int(op['from']) < 0:
            return 'file %d' % int(op['file'])
        return 'file %d to file %d' % (int(op['from']), int(op['file']))

    def span(self):
        span = int(self.op()['span'])
        return (span & 2047) << (span >> 11)

    def age(self):
        loop = self.slab()['loop'].dereference()
        now = int(loop['uv']['time'])
        aux = int(self.op()['aux'])
        if self.kind != 'delay':
            return (now - aux) & 0xffffffff
        if self.phase() >= QUEUED:
            return self.span()
        rest = (int(loop['heap']['slots'][aux]['high']) >> 20) - now
        return max(self.span() - max(rest, 0), 0)

    def site(self):
        """Where it was made, in files compiled with -DVT_DEBUG."""
        slab = self.slab()
        if not int(slab['sites']):
            return ''
        first = self.address & ~(SLAB_SIZE - 1)
        stride = int(slab['class']['stride'])
        block = (self.address - first - SLAB_HEAD) // stride
        number = int(slab['sites'][block])
        if number == 0:
            return ''
        site = slab['loop']['sites']['sites'][number - 1]
        return 'made at %s:%d' % (os.path.basename(text_of(site['file'])),
                                  int(site['line']))

    def name(self):
        subject = self.subject()
        return '%s %s' % (self.kind, subject) if subject else self.kind

    def waits_at(self):
        return frame_place(self.frame())

    def continuation(self):
        """(function, state) of who awaits a block, as addresses; or None."""
        op = self.op()
        if self.phase() not in (AWAITED, QUEUED):
            return None
        return int(op['k']), int(op['state'])

    def awaiter(self):
        """In words, and the box that awaits, if one does."""
        k = self.continuation()
        if k is None:
            return '', None
        if k[0] == 0:
            return 'forgotten', None
        name = function_name(k[0])
        if name in ('vt__box_resume', 'vt__box_resume_due',
                    'box_resume_in_scope', 'vt__box_pass_on'):
            box = Source(k[1])
            return 'awaited by 0x%x %s' % (box.address, box.name()), box
        return 'then %s' % name, None

    def line(self):
        parts = [self.name()]
        if self.is_box:
            parts.append(self.waits_at())
        if self.awaited():
            inner = Source(self.awaited())
            parts.append('waits for 0x%x %s' % (inner.address, inner.name()))
        if self.phase() >= QUEUED:
            parts.append(PHASES[self.phase()])
        parts.append(self.awaiter()[0])
        parts.append('age %d ms' % self.age())
        parts.append(self.site())
        return '0x%x %s' % (self.address, ', '.join(p for p in parts if p))


# ---- frames ----

def box_size():
    """What stands in a box before its frame."""
    result = [f for f in gdb.lookup_type('vt_op_t').fields()
              if f.name == 'result'][0]
    return (result.bitpos // 8 +
            gdb.lookup_type('struct vt__box_tail').sizeof)


def frame_body(frame):
    """The body of a frame. A box that was resumed in a scope has the library's
    own in its place, and keeps it at its end, before the two pointers of its
    place in the scope's list."""
    body = int(frame['body'])
    if frame.address is None or function_name(body) != 'body_in_scope':
        return body
    try:
        box = Source(int(frame.address) - box_size())
        end = box.address + int(box.slab()['class']['stride'])
    except gdb.error:
        return body  # VT_DEBUG has moved the frame out of its box
    word = pointer_to('void')
    kept = gdb.Value(end - 3 * word.sizeof).cast(word.pointer())
    return int(kept.dereference()) if box.is_box else body


def frame_place(frame):
    """Where the body of a frame goes on."""
    state, body = int(frame['state']), frame_body(frame)
    if state in STATES:
        return STATES[state]
    cleanup = ', in its clean-up' if state & CLEANUP else ''
    state &= ~CLEANUP
    if state >> 24 == 1 << 8:  # the line, above 2^32
        place = gdb.find_pc_line(body)
        line = state & 0xffffff
    else:  # a label's address
        place = gdb.find_pc_line(state)
        line = place.line
    name = os.path.basename(place.symtab.filename) if place.symtab else '?'
    return 'waits at %s:%d%s' % (name, line, cleanup)


def frame_type(body):
    """The struct that a body calls its frame: what a local of it points to."""
    for symbol in function_block(body) or ():
        kind = symbol.type.strip_typedefs()
        if kind.code != gdb.TYPE_CODE_PTR:
            continue
        target = kind.target().strip_typedefs()
        if target.code != gdb.TYPE_CODE_STRUCT or not target.fields():
            continue
        if target.fields()[0].type.strip_typedefs().tag == 'vt_frame':
            return target
    return None


# ---- printers ----

class ValueTaskPrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        source = int(self.value['source'])
        if source == 0:
            return 'in hand: %s' % value_text(self.value['value'])
        if source & 1:
            status = source - (1 << 64) if source >> 63 else source
            return 'failed: %s' % status_text(status >> 1)
        token = int(self.value['value']['u'])
        try:
            s = Source(source)
            if s.token != token:
                return 'stale: token %d of 0x%x' % (token, source)
            return '0x%x %s' % (source, source_text(s))
        except gdb.error as e:
            return 'names 0x%x, token %d (%s)' % (source, token, e)


class ResultPrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        status = int(self.value['status'])
        if status != 0:
            return 'failed: %s' % status_text(status)
        return value_text(self.value['value'])


class SourcePrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        if self.value.address is None or not int(self.value['ops']):
            return 'no source'
        return '%s, token %d' % (source_text(Source(self.value.address)),
                                 int(self.value['token']))


class FramePrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        return '%s, %s' % (function_name(frame_body(self.value)),
                           frame_place(self.value))


def source_text(source):
    if not source.is_block:
        return source.name()
    return '%s, %s' % (source.name(), PHASES[source.phase()])


PRINTERS = {'vt': ValueTaskPrinter, 'vt_result': ResultPrinter,
            'vt_source': SourcePrinter, 'vt_frame': FramePrinter}


def look_up(value):
    kind = value.type.strip_typedefs()
    if kind.code != gdb.TYPE_CODE_STRUCT:
        return None
    printer = PRINTERS.get(kind.tag)
    return printer(value) if printer else None


# ---- commands ----

def blocks(loop):
    """The live blocks of a loop."""
    classes = loop['pool']['classes']
    first, last = classes.type.range()
    for i in range(first, last + 1):
        slab = classes[i]['slabs']
        while int(slab):
            stride = int(slab['class']['stride'])
            for n in range(int(slab['carved'])):
                source = int(slab) + SLAB_HEAD + n * stride
                if int(at(source, 'vt_op_t')['phase']) != 0:
                    yield Source(source)
            slab = slab['next']


def show_loop(loop, where):
    found = sorted(blocks(loop), key=lambda source: source.kind)
    print('vt loop 0x%x%s: %d not over' % (int(loop.address), where,
                                           len(found)))
    for source in found:
        print('  ' + source.line())


def each_loop():
    """The loop of each thread, with the thread's number."""
    here = gdb.selected_thread()
    for thread in sorted(gdb.selected_inferior().threads(),
                         key=lambda t: t.num):
        thread.switch()
        loop = gdb.parse_and_eval('vt__current')
        if int(loop):
            yield loop.dereference(), ' of thread %d' % thread.num
    if here:
        here.switch()


def source_argument(text):
    """The source that an expression names: a vt_t, an address, a pointer."""
    value = gdb.parse_and_eval(text)
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_STRUCT and kind.tag != 'vt':
        value = value[kind.fields()[0]]  # a typed value task
        kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_STRUCT:
        if int(value['source']) == 0 or int(value['source']) & 1:
            raise gdb.GdbError('the result is in hand: there is no source')
        source = Source(value['source'])
        if source.token != int(value['value']['u']):
            raise gdb.GdbError('the value task is stale')
        return source
    return Source(int(value))


class Walk(gdb.Command):
    """vt-walk [LOOP]: what is not over on a loop, or on each thread's."""

    def __init__(self):
        super().__init__('vt-walk', gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        if argument:
            loop = gdb.parse_and_eval(argument)
            show_loop(loop.cast(pointer_to('vt_loop_t')).dereference(), '')
            return
        for loop, where in each_loop():
            show_loop(loop, where)


class Stack(gdb.Command):
    """vt-stack V: from a source outwards, who waits for whom."""

    def __init__(self):
        super().__init__('vt-stack', gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        source, number = source_argument(argument), 0
        while source.is_box and source.awaited():
            source = Source(source.awaited())
        while source:
            place = ', ' + source.waits_at() if source.is_box else ''
            print('#%-3d 0x%x %s%s' % (number, source.address, source.name(),
                                       place))
            words, box = source.awaiter() if source.is_block else ('', None)
            if not box and words:
                print('     ' + words)
            source, number = box, number + 1


class Frame(gdb.Command):
    """vt-frame V: the frame of an async function that waits."""

    def __init__(self):
        super().__init__('vt-frame', gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        source = source_argument(argument)
        if not source.is_box:
            raise gdb.GdbError('no async function: ' + source.name())
        frame = source.frame()
        kind = frame_type(frame_body(frame))
        if kind:
            frame = frame.address.cast(kind.pointer()).dereference()
        print(frame.format_string(max_elements=64))


gdb.pretty_printers.append(look_up)
Walk()
Stack()
Frame()
