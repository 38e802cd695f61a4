"""A form in a request's body, urlencoded or multipart, or in its query: its fields, and its files."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO, Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from app.errors import MalformedRequest
from app.http.context import RequestContext
from app.http.request_body import read_body, require_media_type
from app.http.responses import FORM

MULTIPART = "multipart/form-data"
_MAX_FIELDS = 1000


def read_form(context: RequestContext, max_body: int) -> list[tuple[str, str]]:
    """Return the names and texts of a form's fields; files are left out.

    Raises:
        MalformedRequest, TooLarge, HTTPError: as read_body does, and if it is no form.
    """
    body = read_body(context, None, max_body)
    if require_media_type(context.environ, FORM, MULTIPART) == MULTIPART:
        fields, _ = parse_multipart(
            io.BytesIO(body), context.environ, lambda *_, **__: io.BytesIO(), max_body, _MAX_FIELDS
        )
        return list(fields.items(multi=True))
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise MalformedRequest(f"the body is no urlencoded form in UTF-8: {error}") from error


def read_query(context: RequestContext) -> list[tuple[str, str]]:
    """Return the names and texts of a form's fields, from the query of a request.

    Raises:
        MalformedRequest: if it is no form in UTF-8, or has more than _MAX_FIELDS fields.
    """
    try:
        query = context.environ.get("QUERY_STRING", "")
        return parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise MalformedRequest(f"the fields of the address can't be read: {error}") from error


def parse_multipart(
    stream: Any, environ: dict[str, Any], open_file: Callable[..., IO[bytes]], max_text: int, max_parts: int
) -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
    """Return the fields and the files of a multipart form.

    Args:
        stream: has its bytes; only ``read`` is called.
        open_file: makes the file that a file of the form is written to.
        max_text: bytes of a field that is no file.
        max_parts: how many fields and files there may be.

    Raises:
        MalformedRequest: if it is no such form, or has more.
    """
    _, options = parse_options_header(environ.get("CONTENT_TYPE"))
    parser = FormDataParser(open_file, max_form_memory_size=max_text, max_form_parts=max_parts, silent=False)
    try:
        _, fields, files = parser.parse(stream, MULTIPART, None, options)
    except RequestEntityTooLarge as error:
        raise MalformedRequest("the form has too many fields, or too long ones") from error
    except ValueError as error:
        raise MalformedRequest(f"the form can't be read: {error}") from error
    return fields, files
