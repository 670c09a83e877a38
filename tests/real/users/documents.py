# SPDX-License-Identifier: GPL-2.0-or-later
# Parses and evaluates in four threads, and checks each result, until a file appears: LIBRARY STOP
import ctypes, os, sys, threading

x, stop, ptr = ctypes.CDLL(sys.argv[1]), sys.argv[2], ctypes.c_void_p
for name in ("xmlReadMemory", "xmlXPathNewContext", "xmlXPathEvalExpression"):
    getattr(x, name).restype = ptr
x.xmlXPathNewContext.argtypes = x.xmlXPathFreeContext.argtypes = [ptr]
x.xmlXPathFreeObject.argtypes = x.xmlFreeDoc.argtypes = x.xmlXPathCastToNumber.argtypes = [ptr]
x.xmlXPathEvalExpression.argtypes = [ctypes.c_char_p, ptr]
x.xmlXPathCastToNumber.restype = ctypes.c_double
x.xmlInitParser()
text = b"<a><b n='1'/><b n='2'/><b n='39'/></a>"
count, wrong = [0] * 4, [0] * 4


def work(k):
    while not os.path.exists(stop):
        doc = x.xmlReadMemory(text, len(text), b"x.xml", None, 0)
        ctx = x.xmlXPathNewContext(doc)
        res = x.xmlXPathEvalExpression(b"sum(//b/@n)", ctx)
        wrong[k] += x.xmlXPathCastToNumber(res) != 42.0
        x.xmlXPathFreeObject(res)
        x.xmlXPathFreeContext(ctx)
        x.xmlFreeDoc(doc)
        count[k] += 1


threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
for t in threads:
    t.start()
print("ready", flush=True)
for t in threads:
    t.join()
print(sum(count), "evaluations,", sum(wrong), "wrong", flush=True)
sys.exit(bool(sum(wrong)) or not all(count))
