"""Which budgets a request for a code, and a guess, draw on; the sizes come from the settings."""

from app.settings import SignInSettings
from app.sign_in.budgets import Budget, Window
from app.sign_in.origin import Origin

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
CODES, FAILURES = "codes", "failures"
"""What everybody does together is counted under these names."""


def for_a_code(sizes: SignInSettings, *, phone: bytes, origin: Origin, known: bool) -> list[Budget]:
    """One code a minute, and so many an hour and a day, for a number, a device, a network.

    A device on which the number's owner signed in before (``known``) has a purse of its own.
    """
    number = (
        Window(1, MINUTE_S),
        Window(sizes.codes_per_number_per_hour, HOUR_S),
        Window(sizes.codes_per_number_per_day, DAY_S),
    )
    device = Budget(
        "codes of device", origin.device, (Window(sizes.codes_per_device_per_hour, HOUR_S),)
    )
    if known:
        return [Budget("codes on device", phone + origin.device, number), device]
    return [
        device,
        Budget("codes of number", phone, number),
        Budget(
            "codes of network", origin.network, (Window(sizes.codes_per_network_per_hour, HOUR_S),)
        ),
    ]


def for_a_guess(sizes: SignInSettings, *, origin: Origin, known: bool) -> list[Budget]:
    """So many failures an hour from a device and from a network; a success costs nothing.

    A ``known`` device does not answer for what others of its network have failed at.
    """
    device = Budget(
        "failures of device",
        origin.device,
        (Window(sizes.failures_per_device_per_hour, HOUR_S),),
    )
    if known:
        return [device]
    return [
        device,
        Budget(
            "failures of network",
            origin.network,
            (Window(sizes.failures_per_network_per_hour, HOUR_S),),
        ),
    ]
