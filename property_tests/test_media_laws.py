"""A part has the same content in each of its forms, and a server's alias means the server."""

from __future__ import annotations

from hypothesis import example, given, strategies as st
from strategies import base64_texts, images, media_types

from casual_llm.messages import ImageContent
from casual_llm.options import ChatOptions, resolve_for
from casual_llm.options.extra import apply_alias
from casual_llm.options.omit import OMIT, Omit
from casual_llm.wire.media import (
    add_base64_prefix,
    inline,
    parse_data_uri,
    plain,
    strip_base64_prefix,
    uri_of,
)


@given(images)
def test_the_uri_of_a_part_has_the_content_of_the_part(image: ImageContent) -> None:
    assert parse_data_uri(uri_of(image)) == inline(image)


@given(images)
@example(ImageContent(source="data:,no image"))
def test_the_plain_form_of_a_part_has_its_content_and_is_idempotent(image: ImageContent) -> None:
    assert inline(plain(image)) == inline(image)
    assert plain(plain(image)) == plain(image)


@given(base64_texts, media_types)
def test_the_prefix_of_a_data_uri_is_added_once_and_can_be_removed(data: str, media_type: str) -> None:
    whole = add_base64_prefix(data, media_type)
    assert (strip_base64_prefix(whole), strip_base64_prefix(data)) == (data, data)
    assert add_base64_prefix(whole) == whole


_server_options = st.dictionaries(st.sampled_from("ab"), st.integers(0, 1) | st.just(OMIT), max_size=2)
_provider_options = st.fixed_dictionaries(
    {}, optional={"proxy": _server_options, "openai": _server_options | st.just(OMIT)}
)


@given(_provider_options | st.none() | st.just(OMIT))
def test_the_options_of_an_alias_override_those_of_its_server(
    by_server: dict[str, dict[str, int | Omit] | Omit] | Omit | None,
) -> None:
    options = ChatOptions(provider_options=by_server)
    assert resolve_for(apply_alias(options, "proxy", "openai"), "openai") == resolve_for(
        options, "openai", "proxy"
    )
