"""What each person has chosen about the keyboard."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from gallery.models import KeyPreferences

PATH = "/admin/gallery/preferences/"
USUAL = {"single_keys": True, "ask_to_trash": False}


def test_choices_are_kept_with_their_person(staff, django_assert_num_queries):
    with django_assert_num_queries(3):  # session, user, choices
        assert staff.get(PATH).json() == USUAL
    assert staff.post(PATH, {"single_keys": "false"}).json() == {**USUAL, "single_keys": False}
    chosen = {"single_keys": False, "ask_to_trash": True}
    assert staff.post(PATH, {"ask_to_trash": "true"}).json() == chosen
    elsewhere = Client()
    elsewhere.force_login(User.objects.get(username="admin"))
    assert elsewhere.get(PATH).json() == chosen
    other = Client()
    other.force_login(User.objects.create_user("viewer", is_staff=True))
    assert other.get(PATH).json() == USUAL
    assert other.post(PATH, {"ask_to_trash": "true"}).json() == {**USUAL, "ask_to_trash": True}
    assert staff.get(PATH).json() == chosen


@pytest.mark.parametrize(
    "form", [{}, {"single_keys": ""}, {"single_keys": "1"}, {"x": "true"}, {"single_keys": "\0"}]
)
def test_what_is_no_choice_is_refused(staff, form):
    assert staff.post(PATH, form).status_code == 400
    assert not KeyPreferences.objects.exists()


def test_choices_go_with_their_person(staff):
    staff.post(PATH, {"single_keys": "false"})
    User.objects.get(username="admin").delete()
    assert not KeyPreferences.objects.exists()


def test_visitor_is_sent_to_login(client, db):
    assert client.get(PATH).status_code == 302
    assert client.post(PATH, {"single_keys": "false"}).status_code == 302
    assert not KeyPreferences.objects.exists()
