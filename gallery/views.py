"""The gallery's pages: the state of each is in its address."""

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .models import Image


@staff_member_required
def image_list(request: HttpRequest) -> HttpResponse:
    """The library's newest pictures."""
    images = Image.objects.in_library().order_by("-created_at", "-id")[:50]
    return render(request, "gallery/image_list.html", {"section": "gallery", "images": images})
