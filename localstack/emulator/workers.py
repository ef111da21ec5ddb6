"""Lets an invocation that is under way end on the code it began on, as Lambda does.

The emulator keeps some processes (workers) for each function. Where code or configuration changes, or the function is
deleted, it kills all of them, also those that are at work: who had asked is told "Worker process died". Here those are
only taken from the function, so that no invocation begins on them, and each is killed as its invocation ends.
"""

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

own_invoke = lambda_runtime.Worker.invoke
own_release = lambda_runtime.release_worker


def invalidate_worker(func_name, qualifier=None, account=None, region=None):
    """Takes a function's workers from it, or those of one version; of every account and region where none is named."""
    wanted = (account, region, func_name, qualifier)
    with lambda_runtime._lock:
        held = lambda_runtime._workers
        keys = [key for key in held if all(part in (None, named) for part, named in zip(wanted, key.split(":"), strict=True))]
        taken = [worker for key in keys for worker in held.pop(key)]
        for worker in taken:
            worker.is_taken = True
        idle = [worker for worker in taken if not worker.in_use]
    lambda_runtime.kill_workers(idle)


def release_worker(worker):
    """Gives a worker back to its function, or, where it was taken from it meanwhile, ends it."""
    own_release(worker)
    if getattr(worker, "is_taken", False):
        lambda_runtime.kill_workers([worker])


def invoke(worker, *arguments, **named):
    """Whom a failure comes from is never released: the emulator has it taken, and forgets it."""
    try:
        return own_invoke(worker, *arguments, **named)
    except Exception:
        lambda_runtime.kill_workers([worker])
        raise


def change():
    """Puts these in the place of the emulator's own; before it starts."""
    for module in (lambda_runtime, lambda_svc):
        module.invalidate_worker = invalidate_worker
        module.release_worker = release_worker
    lambda_runtime.Worker.invoke = invoke
