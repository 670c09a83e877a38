# SPDX-License-Identifier: GPL-2.0-or-later
# Writes archives with the library and reads them with Python, until a file appears: LIBRARY STOP
import ctypes, io, os, sys, zipfile

x, stop, ptr = ctypes.CDLL(sys.argv[1]), sys.argv[2], ctypes.c_void_p
x.archive_write_new.restype = x.archive_entry_new.restype = ptr
for name in ("archive_write_set_format_zip", "archive_write_add_filter_none", "archive_write_close",
             "archive_write_free", "archive_entry_free"):
    getattr(x, name).argtypes = [ptr]
x.archive_write_open_memory.argtypes = [ptr, ctypes.c_char_p, ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t)]
x.archive_entry_set_pathname.argtypes = [ptr, ctypes.c_char_p]
x.archive_entry_set_size.argtypes = [ptr, ctypes.c_int64]
x.archive_entry_set_filetype.argtypes = [ptr, ctypes.c_uint]
x.archive_write_header.argtypes = [ptr, ptr]
x.archive_write_data.argtypes = [ptr, ctypes.c_char_p, ctypes.c_size_t]
count = wrong = 0
print("ready", flush=True)
while not os.path.exists(stop):
    data = b"text %d " % count * 50
    a, e, used = x.archive_write_new(), x.archive_entry_new(), ctypes.c_size_t()
    buf = ctypes.create_string_buffer(65536)
    x.archive_write_set_format_zip(a)
    x.archive_write_add_filter_none(a)
    x.archive_write_open_memory(a, buf, len(buf), ctypes.byref(used))
    x.archive_entry_set_pathname(e, b"name")
    x.archive_entry_set_size(e, len(data))
    x.archive_entry_set_filetype(e, 0o100000)
    bad = x.archive_write_header(a, e) != 0
    x.archive_write_data(a, data, len(data))
    bad |= x.archive_write_close(a) != 0
    x.archive_entry_free(e)
    x.archive_write_free(a)
    bad = bad or zipfile.ZipFile(io.BytesIO(buf.raw[:used.value])).read("name") != data
    wrong += bad
    count += 1
print(count, "archives,", wrong, "wrong", flush=True)
sys.exit(bool(wrong) or not count)
