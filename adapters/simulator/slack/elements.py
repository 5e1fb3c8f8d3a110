"""Say what is wrong with text objects, buttons, selects and inputs.

Source: https://docs.slack.dev/reference/block-kit/block-elements and
https://docs.slack.dev/reference/block-kit/composition-objects
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, cast

from adapters.simulator.slack import limits
from adapters.simulator.slack.people import Json

Problems: TypeAlias = Iterator[str]

ELEMENT_TYPES = frozenset(
    {
        "button",
        "channels_select",
        "checkboxes",
        "conversations_select",
        "datepicker",
        "datetimepicker",
        "email_text_input",
        "external_select",
        "feedback_buttons",
        "file_input",
        "icon_button",
        "image",
        "multi_channels_select",
        "multi_conversations_select",
        "multi_external_select",
        "multi_static_select",
        "multi_users_select",
        "number_input",
        "overflow",
        "plain_text_input",
        "radio_buttons",
        "rich_text_input",
        "static_select",
        "timepicker",
        "url_text_input",
        "users_select",
        "workflow_button",
    }
)


def length(value: object, limit: int, at: str) -> Problems:
    """Yield a problem unless ``value`` is a text of 1 to ``limit`` characters."""
    if not isinstance(value, str):
        yield f"must be a string [json-pointer:{at}]"
    elif not value:
        yield f"must be more than 0 characters [json-pointer:{at}]"
    elif len(value) > limit:
        yield f"must be less than {limit + 1} characters [json-pointer:{at}]"


def short_list(items: Sequence[object], limit: int, at: str) -> Problems:
    """Yield a problem if there are more than ``limit`` items."""
    if len(items) > limit:
        yield f"no more than {limit} items allowed [json-pointer:{at}]"


def known(value: object, types: frozenset[str], at: str) -> Problems:
    """Yield a problem unless ``value`` is an object of one of ``types``."""
    kind = cast("Json", value).get("type") if isinstance(value, dict) else None
    if kind not in types:
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"


def text_problems(
    value: object, limit: int, at: str, *, plain: bool = False
) -> Problems:
    """Yield what is wrong with a text object of at most ``limit`` characters."""
    if not isinstance(value, dict):
        yield f"must provide an object [json-pointer:{at}]"
        return
    text = cast("Json", value)
    allowed = frozenset({"plain_text"} if plain else {"plain_text", "mrkdwn"})
    yield from known(text, allowed, at)
    yield from length(text.get("text"), limit, f"{at}/text")


def element_problems(value: object, at: str) -> Problems:
    """Yield what is wrong with an interactive element or an image."""
    yield from known(value, ELEMENT_TYPES, at)
    if not isinstance(value, dict):
        return
    element = cast("Json", value)
    if "action_id" in element:
        yield from length(element["action_id"], limits.ACTION_ID, f"{at}/action_id")
    if "confirm" in element:
        yield from _confirm(element["confirm"], f"{at}/confirm")
    if "placeholder" in element:
        yield from text_problems(
            element["placeholder"], limits.PLACEHOLDER, f"{at}/placeholder", plain=True
        )
    match element.get("type"):
        case "button":
            yield from _button(element, at)
        case "image":
            yield from _image(element, at)
        case "static_select" | "multi_static_select" | "overflow" | "radio_buttons":
            yield from _options(element, at)
        case "plain_text_input":
            yield from _text_input(element, at)
        case _:
            return


def _button(button: Json, at: str) -> Problems:
    yield from text_problems(
        button.get("text"), limits.BUTTON_TEXT, f"{at}/text", plain=True
    )
    if "value" in button:
        yield from length(button["value"], limits.BUTTON_VALUE, f"{at}/value")
    if "url" in button:
        yield from length(button["url"], limits.URL, f"{at}/url")
    if button.get("style", "primary") not in {"primary", "danger"}:
        yield f"invalid value for style [json-pointer:{at}/style]"


def _image(image: Json, at: str) -> Problems:
    if not image.get("image_url") and not image.get("slack_file"):
        yield f"must define either `image_url` or `slack_file` [json-pointer:{at}]"
    if "image_url" in image:
        yield from length(image["image_url"], limits.URL, f"{at}/image_url")
    yield from length(image.get("alt_text"), limits.IMAGE_ALT, f"{at}/alt_text")


def _options(element: Json, at: str) -> Problems:
    options = cast("list[Any]", element.get("options") or [])
    if not options and not element.get("option_groups"):
        yield f"must have at least 1 items [json-pointer:{at}/options]"
    yield from short_list(options, limits.OPTIONS, f"{at}/options")
    for index, value in enumerate(options):
        here = f"{at}/options/{index}"
        if not isinstance(value, dict):
            yield f"must provide an object [json-pointer:{here}]"
            continue
        option = cast("Json", value)
        yield from text_problems(option.get("text"), limits.OPTION_TEXT, f"{here}/text")
        yield from length(option.get("value"), limits.OPTION_VALUE, f"{here}/value")


def _text_input(element: Json, at: str) -> Problems:
    longest = element.get("max_length", limits.INPUT_TEXT)
    if not isinstance(longest, int) or not 1 <= longest <= limits.INPUT_TEXT:
        yield f"must be between 1 and 3000 [json-pointer:{at}/max_length]"


def _confirm(value: object, at: str) -> Problems:
    if not isinstance(value, dict):
        yield f"must provide an object [json-pointer:{at}]"
        return
    confirm = cast("Json", value)
    for name, limit in (
        ("title", limits.CONFIRM_TITLE),
        ("confirm", limits.CONFIRM_BUTTON),
        ("deny", limits.CONFIRM_BUTTON),
    ):
        yield from text_problems(confirm.get(name), limit, f"{at}/{name}", plain=True)
    yield from text_problems(confirm.get("text"), limits.CONFIRM_TEXT, f"{at}/text")
