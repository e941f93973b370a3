"""The campaign: what users and machines do to a library at their worst, and what must hold.

`make campaign` runs the long form, in half an hour; `tests/test_campaign.py` a short one.
"""
