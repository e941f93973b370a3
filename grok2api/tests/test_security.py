"""What guards the door: throttled logins, headers, cookies, passwords."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

pytestmark = pytest.mark.django_db


def sign_in(client: Client, username: str, password: str, *, address: str = "203.0.113.7") -> int:
    form = {"username": username, "password": password}
    return client.post("/admin/login/", form, REMOTE_ADDR=address).status_code


def test_the_eleventh_guess_is_not_even_looked_at():
    User.objects.create_superuser("li", password="the right password")
    client = Client(headers={"Accept-Language": "en"})
    assert [sign_in(client, "li", f"wrong {guess}") for guess in range(9)] == [200] * 9
    assert sign_in(client, "li", "wrong 10") == 429
    answer = client.post(
        "/admin/login/", {"username": "li", "password": "the right password"},
        REMOTE_ADDR="203.0.113.7",
    )  # fmt: skip
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert "Too many wrong passwords. Try again in 15 minutes." in answer.content.decode()
    # Nobody can lock the owner out from elsewhere.
    assert sign_in(client, "li", "the right password", address="198.51.100.1") == 302


def test_a_right_password_begins_the_count_anew():
    User.objects.create_superuser("li", password="the right password")
    for _ in range(3):
        client = Client()
        assert {sign_in(client, "li", "wrong") for _ in range(5)} == {200}
        assert sign_in(client, "li", "the right password") == 302


def test_pages_carry_a_policy_for_browsers(staff):
    answer = staff.get("/admin/gallery/")
    found = {name: answer.headers[name] for name in (
        "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Referrer-Policy",
        "X-Content-Type-Options", "X-Frame-Options",
    )}  # fmt: skip
    assert found == {
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_user_files_are_sandboxed(staff, add_image):
    image = add_image()
    answer = staff.get(f"/api/v1/admin/gallery/images/{image.pk}/file/")
    assert answer.getvalue()[:3] == b"\xff\xd8\xff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("password", ["short one", "1234567890123", "administrator", "password123"])
def test_weak_passwords_are_refused(password):
    with pytest.raises(ValidationError):
        validate_password(password, User(username="administrator"))


def test_nginx_is_asked_to_send_the_file_where_it_can(staff, add_image, settings):
    settings.X_ACCEL_REDIRECT = "/media-files/"
    image = add_image()
    answer = staff.get(f"/api/v1/admin/gallery/images/{image.pk}/file/?download")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["X-Accel-Redirect"] == f"/media-files/{image.file.name}"
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert image.filename in answer.headers["Content-Disposition"]
    image.file.storage.delete(image.file.name)
    assert staff.get(f"/api/v1/admin/gallery/images/{image.pk}/file/").status_code == 404


def test_guesses_over_many_names_close_the_door_to_the_address():
    for name in ("li", "wang"):
        User.objects.create_superuser(name, password="the right password")
    assert sign_in(Client(), "wang", "the right password") == 302
    guesses = [sign_in(Client(), f"user{number}", "summer2026") for number in range(20)]
    assert guesses == [200] * 20
    assert sign_in(Client(), "li", "the right password") == 429
    # Who has signed in from behind the same proxy before still may, and so may other addresses.
    assert sign_in(Client(), "wang", "the right password") == 302
    assert sign_in(Client(), "li", "the right password", address="198.51.100.1") == 302


def test_pages_are_kept_by_nobody_but_their_browser_which_asks_again(staff, add_image):
    add_image()
    for address in ("/api/v1/admin/gallery/images/", "/api/v1/admin/gallery/stats/"):
        answer = staff.get(address)
        assert answer["Cache-Control"] == "private, no-cache"
        again = staff.get(address, headers={"If-None-Match": answer["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    for address in ("/admin/gallery/", "/admin/gallery/?view=list", "/admin/imagine/"):
        answer = staff.get(address)
        assert (answer["Cache-Control"], bool(answer["ETag"])) == ("private, no-cache", True)


@pytest.mark.parametrize(
    "address",
    ["/admin/login/", "/admin/password_change/", "/admin/imagine/apikey/", "/admin/auth/user/",
     "/admin/imagine/apikey/add/", "/metrics"],
)  # fmt: skip
def test_pages_with_secrets_are_kept_by_nobody(staff, client, address):
    for visitor in (staff, client):
        answer = visitor.get(address)
        assert "no-store" in answer["Cache-Control"]
        assert not answer.has_header("ETag")


def test_signing_out_empties_the_browsers_cache(staff):
    assert staff.post("/admin/logout/")["Clear-Site-Data"] == '"cache"'
    assert not staff.get("/admin/gallery/").has_header("Clear-Site-Data")


def test_forms_and_the_sessions_api_want_a_csrf_token(admin_user, add_image):
    image = add_image()
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    for address in (f"/admin/gallery/images/{image.pk}/favorite/", "/admin/login/"):
        assert client.post(address, {}).status_code == 403
    api = f"/api/v1/admin/gallery/images/{image.pk}/"
    assert client.patch(api, {"favorite": True}, "application/json").status_code == 403


def test_cookies_are_for_this_site_and_no_script(admin_user):
    client = Client()
    admin_user.set_password("the right password")
    admin_user.save()
    assert sign_in(client, admin_user.username, "the right password") == 302
    session = client.cookies["sessionid"]
    assert (session["httponly"], session["samesite"]) == (True, "Lax")


def test_cookies_behind_https_are_for_this_host_alone(tmp_path):
    names = ("SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
    script = (
        "import django; django.setup(); from django.conf import settings;"
        f"print(*(getattr(settings, name) for name in {names}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True,
        cwd=Path(__file__).resolve().parent.parent.parent,
        env={
            "APP_URL": "https://a.example", "DATA_DIR": str(tmp_path), "LOG_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "grok2api.settings",
        },
    )  # fmt: skip
    assert done.stdout.split() == ["__Host-sessionid", "True", "True"]
