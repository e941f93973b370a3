"""What is said where a form's token does not fit, and that it is refused all the same."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from gallery.models import Image

LOGIN = "/admin/login/"
STALE = "a" * 64


@pytest.fixture
def browser(db):
    """A browser that is asked for its token, as real ones are."""
    return Client(enforce_csrf_checks=True, headers={"Accept-Language": "en"})


@pytest.fixture
def signed_in(browser, admin_user):
    browser.force_login(admin_user)
    browser.get("/admin/gallery/")  # sets the token's cookie
    return browser


def title(response) -> str:
    return response.context["message"]


def favorite(client, image, **headers):
    form = {"csrfmiddlewaretoken": STALE}
    return client.post(f"/admin/gallery/images/{image.pk}/favorite/", form, headers=headers)


def test_page_older_than_the_login_is_told_so_and_leads_back(signed_in, add_image):
    image = add_image()
    page = "http://testserver/admin/gallery/?search=cat"
    response = favorite(signed_in, image, referer=page)
    assert (response.status_code, title(response)) == (403, "This page is older than your login")
    assert response.context["again"] == ("/admin/gallery/?search=cat", "Reload the page")
    assert not Image.objects.get().favorite


def test_ended_session_leads_to_the_login_and_back(signed_in, add_image):
    image = add_image()
    signed_in.cookies.pop("sessionid")
    page = "http://testserver/admin/gallery/?search=a+cat"
    response = favorite(signed_in, image, referer=page)
    assert (response.status_code, title(response)) == (403, "Your session has ended")
    assert response.context["again"] == (
        "/admin/login/?next=%2Fadmin%2Fgallery%2F%3Fsearch%3Da%2Bcat", "Log in",
    )  # fmt: skip


def test_browser_without_cookies_is_told_so(browser, add_image):
    response = favorite(browser, add_image())
    assert (response.status_code, title(response)) == (403, "Your browser sent no cookie")


@pytest.mark.parametrize("path", [LOGIN, "/admin/gallery/sensitive/"])
def test_https_without_app_url_is_told_to_whoever_runs_the_server(browser, path):
    browser.get(LOGIN)
    form = {"csrfmiddlewaretoken": browser.cookies["csrftoken"].value}
    response = browser.post(path, form, headers={"origin": "https://testserver"})
    assert response.status_code == 403
    assert title(response) == "This server does not know that it is reached over HTTPS"
    assert "set APP_URL to https://testserver." in response.context["advice"]


def test_form_of_another_site_is_refused_with_its_name(signed_in, add_image):
    response = favorite(signed_in, add_image(), origin="https://elsewhere.example")
    assert title(response) == "The form came from an address unknown to the server"
    assert "https://elsewhere.example" in response.context["advice"]
    assert "the server answers as testserver" in response.context["advice"]


@pytest.mark.parametrize(
    "origin", ["null", "https://[", "javascript:x", "https://ü.example", "x" * 9999]
)
def test_origins_that_are_none_are_refused_too(signed_in, add_image, origin):
    response = favorite(signed_in, add_image(), origin=origin, referer="http://[")
    assert response.status_code == 403
    assert not Image.objects.get().favorite


@pytest.mark.parametrize(
    "referer", ["https://evil.example/x", "//evil.example/", "javascript:alert(1)"]
)
def test_only_own_pages_are_led_back_to(signed_in, add_image, referer):
    response = favorite(signed_in, add_image(), referer=referer)
    assert response.context["again"][0] == "/admin/gallery/"


def test_programs_get_a_sentence(signed_in, add_image):
    image = add_image()
    sentence = (
        "This page is older than your login. Nothing was changed. You have logged in again since "
        "this page was loaded, perhaps in another tab. Reload it and try again."
    )
    answers = [
        signed_in.post(
            "/api/v1/admin/gallery/images/favorite/",
            {"image_ids": [image.pk], "favorite": True},
            content_type="application/json",
            headers={"X-CSRFToken": STALE},
        ),
        favorite(signed_in, image, accept="application/json"),
    ]
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (403, {"detail": sentence})
    ] * 2


@pytest.mark.parametrize("cookie", [True, False])
def test_stale_login_comes_again_filled_with_a_token_that_fits(browser, cookie, admin_user):
    if cookie:
        browser.get(LOGIN)
    form = {
        "csrfmiddlewaretoken": STALE, "username": "admin", "password": "password",
        "next": "/admin/gallery/?search=cat",
    }  # fmt: skip
    response = browser.post(LOGIN, form)
    assert response.status_code == 403
    assert "sessionid" not in browser.cookies
    page = response.content.decode()
    assert 'value="admin"' in page
    assert "password" not in [value for value in form.values() if f'value="{value}"' in page]
    token = str(response.context["csrf_token"])
    response = browser.post(LOGIN, {**form, "csrfmiddlewaretoken": token})
    assert (response.status_code, response.url) == (302, form["next"])
    assert "sessionid" in browser.cookies


def test_second_tab_that_logs_in_goes_on(signed_in):
    form = {"csrfmiddlewaretoken": STALE, "username": "admin", "next": "/admin/imagine/"}
    response = signed_in.post(LOGIN, form)
    assert (response.status_code, response.url) == (302, "/admin/imagine/")
    response = signed_in.post(LOGIN, {**form, "next": "https://evil.example/"})
    assert (response.status_code, response.url) == (302, "/admin/gallery/")


def test_second_tab_under_another_name_has_to_log_in(signed_in):
    User.objects.create_superuser("other", password="x")
    response = signed_in.post(LOGIN, {"csrfmiddlewaretoken": STALE, "username": "other"})
    assert (response.status_code, response.context["form"].initial) == (403, {"username": "other"})
    assert signed_in.get("/admin/gallery/").context["user"].get_username() == "admin"
