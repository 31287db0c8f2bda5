"""Why a request for film or for a surface will not be answered. Knows nothing of the engine, nor of the web."""


class TraceError(Exception):
    """A request that will not be answered: `status` and `key` for the machine, the message for a person."""

    def __init__(self, status: int, key: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.key = key
