"""What guards the door: throttled logins, headers, cookies, passwords."""

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
