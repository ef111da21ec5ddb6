"""Changes functions of the emulator while they are invoked, with localstack/emulator/workers.py in place or (`--own`) without it."""
import io
import os
import shutil
import sys
import tempfile
import threading
import time
import zipfile
from itertools import count

from ministack.core import lambda_runtime
from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "localstack", "emulator"))
import workers  # noqa: E402  the path comes first

HANDLER = """
const { existsSync, writeFileSync } = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')
exports.handler = async ({ began, until }) => {
  writeFileSync(began, '')
  while (!existsSync(until)) await sleep(5)
  return { code: CODE, pid: process.pid }
}
"""
home = tempfile.mkdtemp(prefix="tidemark-workers-")
names = (os.path.join(home, f"{place}") for place in count())


def function(name, code):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("index.js", code)
    arn = f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{name}"
    config = {"FunctionName": name, "FunctionArn": arn, "Runtime": "nodejs22.x", "Handler": "index.handler", "Timeout": 60}
    return {"config": config, "code_zip": held.getvalue()}


def until(is_so, what):
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


class Invocation:
    """One that has begun, and ends when it is let."""

    def __init__(self, invoked):
        self.let, began = next(names), next(names)
        self.answer = {}
        event = {"began": began, "until": self.let}
        self.thread = threading.Thread(target=lambda: self.answer.update(lambda_svc._execute_function_warm(invoked, event, began)))
        self.thread.start()
        until(lambda: os.path.exists(began) or not self.thread.is_alive(), "the invocation begins")

    def end(self):
        open(self.let, "w").close()
        self.thread.join()
        return self.answer["body"]


def is_running(pid):
    """A killed child that nobody waited for counts too."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def check(name, change):
    """Two are under way and one process is idle; then the function changes, and is invoked anew."""
    old, new = (function(name, HANDLER.replace("CODE", repr(code))) for code in ("old", "new"))
    first, second, idle = Invocation(old), Invocation(old), Invocation(old)
    idle_pid = idle.end()["pid"]
    change(name)
    assert not is_running(idle_pid), "an idle process outlives a change"
    third = Invocation(new)
    ended = [invocation.end() for invocation in (first, second, third)]
    assert [answer.get("code", answer) for answer in ended] == ["old", "old", "new"], ended
    assert [is_running(answer["pid"]) for answer in ended] == [False, False, True], ended
    again = Invocation(new).end()
    assert again == ended[2], (again, ended)


def check_failed_start():
    """One that can't begin leaves no process, and the next one begins anew."""
    broken = function("broken", "setInterval(() => {}, 1000); throw new Error('told ' + process.pid)")
    pids = []
    for _ in range(2):
        body = lambda_svc._execute_function_warm(broken, {}, "id")["body"]
        pids.append(int(body["errorMessage"].rsplit(" ", 1)[1]))
    assert not any(is_running(pid) for pid in pids) and pids[0] != pids[1], pids
    assert not any(":broken:" in key and held for key, held in lambda_runtime._workers.items())


def main():
    if "--own" not in sys.argv:
        workers.change()
    here = {"account": get_account_id(), "region": get_region()}
    check("code", lambda name: lambda_svc.invalidate_worker(name, qualifier="$LATEST", **here))
    check("configuration", lambda name: lambda_svc.invalidate_worker(name, qualifier="$LATEST"))
    check("deleted", lambda name: lambda_svc.invalidate_worker(name, **here))
    kept = Invocation(function("other", HANDLER.replace("CODE", "'other'"))).end()
    lambda_svc.invalidate_worker("code", **here)
    lambda_svc.invalidate_worker("other", qualifier="1", **here)
    lambda_svc.invalidate_worker("other", account="another")
    assert is_running(kept["pid"]), "a change of another function, version or account ends a process"
    check_failed_start()
    print("ended on the code they began on")


try:
    main()
finally:
    lambda_runtime.reset()
    shutil.rmtree(home)
