"""The campaign: users and machines at their worst, and what must hold nevertheless.

`make campaign` runs the long form, in half an hour; `tests/test_campaign.py` a short one.
"""
