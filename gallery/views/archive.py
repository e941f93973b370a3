"""A selection as an archive that the browser itself downloads."""

import json

from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import BadRequest, ValidationError
from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_POST

from ..export import export_images
from ..selection import read_selection
from ..serving import serve_archive


@require_POST
@staff_member_required
def export(request: HttpRequest) -> StreamingHttpResponse:
    """`selection` is JSON, as the REST API takes it: `{"image_ids": […]}` or `{"filter": {…}}`."""
    try:
        wanted = json.loads(request.POST.get("selection", ""))
        selection = read_selection(wanted if isinstance(wanted, dict) else {})
    except (ValueError, RecursionError):
        raise BadRequest("selection: not JSON.") from None
    except ValidationError as error:
        raise BadRequest(" ".join(error.messages)) from None
    return serve_archive(export_images(image_ids=selection.ids))
