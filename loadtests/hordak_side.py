"""The other side of `loadtests.hordak`: runs in a virtual environment with django-hordak.

Posting is what hordak's documentation shows: a Transaction and its two Legs through the ORM, in
``atomic()``. A batch is many of them in one ``atomic()``, with ``bulk_create``, the fastest way
that the ORM has. Nothing of Puhui is imported here.

``python hordak_side.py URL prepare | URL SECONDS SIZE SEED`` prints a number of transfers a second.
"""

import random
import sys
import time
from urllib.parse import urlparse

import django
from django.conf import settings

ACCOUNTS = 1_000
CURRENCY = "EUR"
"""Points are told to it as a currency without decimals; its own default is the euro."""


def configure(url: str) -> None:
    """Django with hordak, and nothing else."""
    parts = urlparse(url)
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts.path.lstrip("/"),
                "USER": parts.username,
                "PASSWORD": parts.password,
                "HOST": parts.hostname,
                "PORT": parts.port,
                "CONN_MAX_AGE": None,
            }
        },
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "mptt",
            "hordak",
        ],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        HORDAK_DECIMAL_PLACES=0,
        HORDAK_MAX_DIGITS=20,
        HORDAK_CURRENCIES=[CURRENCY],
        HORDAK_INTERNAL_CURRENCY=CURRENCY,
        DEFAULT_CURRENCY=CURRENCY,
        CURRENCIES=[CURRENCY],
        DEBUG=False,
    )
    django.setup()


def prepare() -> None:
    """The tables, a programme's account and citizens' accounts."""
    from django.core.management import call_command  # after setup
    from hordak.models import Account  # the same

    call_command("migrate", verbosity=0)
    Account.objects.create(name="programme", code="0", type="EX", currencies=[CURRENCY])
    with Account.objects.delay_mptt_updates():
        for n in range(1, ACCOUNTS + 1):
            Account.objects.create(name=f"c{n}", code=str(n), type="LI", currencies=[CURRENCY])


def post(seconds: float, size: int, seed: int) -> float:
    """Transfers a second, from the programme to random citizens."""
    from django.db import transaction  # after setup
    from hordak.models import Account, Leg, Transaction  # the same
    from moneyed import Money  # the same

    programme = Account.objects.get(code="0")
    citizens = list(Account.objects.exclude(code="0"))
    dice, count = random.Random(seed), 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        to = [dice.choice(citizens) for _ in range(size)]
        amount = Money(dice.randint(1, 100), CURRENCY)
        with transaction.atomic():
            if size == 1:
                made = Transaction.objects.create(description="ride")
                Leg.objects.create(transaction=made, account=to[0], credit=amount)
                Leg.objects.create(transaction=made, account=programme, debit=amount)
            else:
                each = Transaction.objects.bulk_create(
                    [Transaction(description="ride") for _ in to]
                )
                legs = [Leg(transaction=t, account=c, credit=amount) for t, c in zip(each, to)]  # noqa: B905
                legs += [Leg(transaction=t, account=programme, debit=amount) for t in each]
                Leg.objects.bulk_create(legs)
        count += size
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    configure(sys.argv[1])
    if sys.argv[2] == "prepare":
        prepare()
    else:
        print(post(float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
