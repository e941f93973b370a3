"""Explains to people why a form's token was refused, and what to do about it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.sites import site
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.middleware import csrf
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from drf_spectacular import authentication as schemes
from rest_framework import authentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from .errors import answer

FOREIGN = tuple(
    text.partition(" - ")[0] for text in (csrf.REASON_BAD_ORIGIN, csrf.REASON_BAD_REFERER)
)
"""The beginnings of Django's reasons for a form that came from another site."""


@dataclass(frozen=True, slots=True)
class Explanation:
    title: str
    advice: str


def failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Show our page instead of Django's; a login form is shown again, with a valid token."""
    match = request.resolver_match
    if match is not None and match.view_name == "admin:login" and not reason.startswith(FOREIGN):
        return _login_again(request)
    told = explain(request, reason)
    page = _own_path(request, request.headers.get("Referer", ""))
    again = (page or reverse("gallery:image_list"), _("Reload the page"))
    if not request.user.is_authenticated:
        query = urlencode({REDIRECT_FIELD_NAME: page}) if page else ""
        again = (f"{reverse('admin:login')}{'?' if query else ''}{query}", _("Log in"))
    return answer(request, 403, told.title, advice=told.advice, again=again)


def explain(request: HttpRequest, reason: str) -> Explanation:
    """Explain why the token was refused, from Django's reason and the request."""
    if reason.startswith(FOREIGN):
        origin = _origin(request)
        if urlsplit(origin).netloc == request.get_host():
            return Explanation(
                _("This server does not know that it is reached over HTTPS"),
                _("Nothing was changed. The administrator has to set APP_URL to %(origin)s.")
                % {"origin": origin},
            )
        return Explanation(
            _("The form came from an address unknown to the server"),
            _(
                "Nothing was changed. The form came from %(origin)s, and the server answers as "
                "%(host)s. If the first is the address that you use, the administrator has to "
                "set APP_URL to it."
            )
            % {"origin": origin or "–", "host": request.get_host()},
        )
    if request.user.is_authenticated:
        return Explanation(
            _("This page is older than your login"),
            _(
                "Nothing was changed. You have logged in again since this page was loaded, "
                "perhaps in another tab. Reload it and try again."
            ),
        )
    if reason == csrf.REASON_NO_CSRF_COOKIE:
        return Explanation(
            _("Your browser sent no cookie"),
            _(
                "Nothing was changed. Either your session has ended, or your browser blocks "
                "cookies for this address: allow them, then log in."
            ),
        )
    return Explanation(_("Your session has ended"), _("Nothing was changed. Log in and try again."))


class SessionAuthentication(authentication.SessionAuthentication):
    """Session authentication of the REST API, which says the same in a sentence."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            reason = str(error.detail).removeprefix("CSRF Failed: ")
            told = explain(request._request, reason)
            raise PermissionDenied(f"{told.title}. {told.advice}") from None


class SessionScheme(schemes.SessionScheme):  # type: ignore[no-untyped-call]
    """Documents session authentication in the API's description."""

    target_class = "grok2api.csrf.SessionAuthentication"


def _login_again(request: HttpRequest) -> HttpResponse:
    """Show the login form again, which asks for the password again.

    A user who is logged in already, under the same name, continues.
    """
    name = request.POST.get("username", "")[:150]
    wanted = _own_path(request, request.POST.get(REDIRECT_FIELD_NAME, ""))
    user = request.user
    if user.is_authenticated and user.get_username() == name and site.has_permission(request):
        return redirect(wanted or reverse("gallery:image_list"))
    form_class = site.login_form or AdminAuthenticationForm
    context = {
        "form": form_class(request, initial={"username": name}),
        "next": wanted,
        "app_path": request.get_full_path(),
        "notice": _("The form had expired, so you were not logged in. Enter the password again."),
    }
    return render(request, "admin/login.html", context, status=403)


def _own_path(request: HttpRequest, address: str) -> str:
    """Return path and query of an address of this site, else nothing."""
    if not url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}):
        return ""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _origin(request: HttpRequest) -> str:
    """Return the request's own scheme and host as it claims them; none for `null` and nonsense."""
    for said in (request.headers.get("Origin", ""), request.headers.get("Referer", "")):
        try:
            parts = urlsplit(said)
        except ValueError:
            continue
        if parts.scheme and parts.netloc:
            return f"{parts.scheme}://{parts.netloc}"
    return ""
