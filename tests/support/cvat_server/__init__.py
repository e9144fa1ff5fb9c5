"""A CVAT in the test process, held to the exchanges recorded in ../shared/golden/cvat.

`listening` (uvicorn in a thread) gives calls to `app`, which finds out who calls (`auth`) and hands
them, under the store's lock, to the handler of a route. Each module named in `app.MODULES` has the
handlers of one concern, pure over the records of `store`. What takes time is a request (`work`),
done in another thread; what webhooks are told goes out from a third one (`hooks`).

Where a docstring says "not recorded", the behaviour is a guess, and a real CVAT may differ.
"""

from tests.support.cvat_server.server import CvatServer, Person

__all__ = ["CvatServer", "Person"]
