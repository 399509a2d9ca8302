"""What can go wrong with the registry in a way that a user can mend."""


class RegistryError(RuntimeError):
    """The registry cannot do what was asked; the message says what would help."""


class RegistryUnavailable(RegistryError):
    """MLflow did not answer within the time allowed."""


class UnknownVersion(RegistryError):
    """There is no such version, or none under such an alias."""


class DamagedVersion(RegistryError):
    """A version's files are missing or differ from what was registered."""


class NotDue(RegistryError):
    """A version has no vectors in the store, and neither the gate nor a person wants it published."""
