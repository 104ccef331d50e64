"""What goes wrong and when: decided by counting, never by chance or by a clock."""

import threading


class Faults:
    """A plan of `{"on": NAME, "nth": 1, "times": 1, "act": {…}}`.

    NAME is an action of WS-Management (`Create`, `Command`, `Send`, `Receive`, `Signal`, `Delete`), `Answer` for a
    Receive that carries something of a pipeline, `Open` for one that carries something of the pool, `Request` for any
    request, or `cmdlet:NAME` (`cmdlet:*` for any).
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.plan = []
        self.seen = []
        self.fired = 0
        self.counts = {}

    def set(self, plan):
        with self.lock:
            self.plan = plan
            self.seen = [0] * len(plan)

    def due(self, name):
        """The act that is due at this call of `name`, or None."""
        with self.lock:
            self.counts[name] = self.counts.get(name, 0) + 1
            found = None
            for index, fault in enumerate(self.plan):
                if not matches(fault["on"], name):
                    continue
                self.seen[index] += 1
                first = fault.get("nth", 1)
                if first <= self.seen[index] < first + fault.get("times", 1) and found is None:
                    found = fault["act"]
            if found is not None:
                self.fired += 1
            return found


def matches(pattern, name):
    if pattern == "cmdlet:*":
        return name.startswith("cmdlet:")
    return pattern.lower() == name.lower()
