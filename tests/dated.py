"""A model with a column of dates: two of its three inputs are parts of it, for the same files as HOUSES and FLATS."""

from __future__ import annotations

from dataclasses import replace

from registry import DatePart, Input, Missing, Output, Signature

SOLD = "Sold on"
SALES = Signature(
    model="sales",
    title="Prices of flats",
    inputs=(
        Input("rooms", "Rooms", "", (), (1, 15), (2, 8), 4),
        Input(
            "sold_year",
            "Year of sale",
            "",
            (),
            (1990, 2040),
            (2001, 2024),
            2012,
            date=DatePart(SOLD, "%d.%m.%Y", "year"),
        ),
        Input(
            "sold_days",
            "Day of sale",
            "days since 1970-01-01",
            (),
            (7305, 25567),  # 1990-01-01 to 2040-01-01
            (11323, 20088),
            15510,  # 2012-06-19
            date=DatePart(SOLD, "%d.%m.%Y", "days"),
        ),
    ),
    output=Output("price", "Price", "€", (-2000, 2000)),
)
# The same, where the date may be missing: 2012 and 2012-06-19 are taken.
OPEN_SALES = replace(
    SALES,
    inputs=(
        SALES.inputs[0],
        replace(SALES.inputs[1], missing=Missing(1940, 2012)),
        replace(SALES.inputs[2], missing=Missing(-10957, 15510, indicator=True)),
    ),
)


def with_format(form: str, signature: Signature = SALES) -> Signature:
    """Return a signature whose column of dates is written in another way."""
    inputs = [replace(item, date=replace(item.date, format=form)) if item.date else item for item in signature.inputs]
    return replace(signature, inputs=tuple(inputs))
