"""What can go wrong with the registry in a way that a user can mend."""


class RegistryError(RuntimeError):
    """The registry cannot do what was asked; the message says what would help."""


class RegistryUnavailable(RegistryError):  # noqa: N818 - a state, like RunLock's HomeBusy
    """MLflow did not answer within the time allowed."""


class UnknownVersion(RegistryError):  # noqa: N818
    """There is no such version, or none under such an alias."""


class DamagedVersion(RegistryError):  # noqa: N818
    """A version's files are missing or differ from what was registered."""
