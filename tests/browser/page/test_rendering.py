"""The renderers, in a real browser: what is markup and what stays text."""

from typing import Any

import pytest
from playwright.async_api import Page

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60)]

NAMES = """{
  users: new Map([["U1", {name: "Ann <b>Cod</b>"}]]),
  channels: new Map([["C1", {name: "help"}]]),
}"""


async def render(page: Page, module: str, call: str, given: object) -> str:
    """Return the markup that ``call`` of ``module`` makes of ``given``."""
    return await page.evaluate(
        f"""async (given) => {{
            const m = await import("/demo/page/js/{module}.js");
            const names = {NAMES};
            const shell = document.createElement("div");
            shell.append({call});
            return shell.innerHTML;
        }}""",
        given,
    )


async def mrkdwn(page: Page, text: str) -> str:
    return await render(page, "mrkdwn", "m.mrkdwn(given, names)", text)


async def block(page: Page, given: dict[str, Any]) -> str:
    return await render(page, "blockkit", "m.renderBlocks([given], {names})", given)


LINK = '<a href="{}" target="_blank" rel="noreferrer noopener">{}</a>'


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("*bold* and _italic_, ~gone~", "<strong>bold</strong> and <em>italic</em>, <s>gone</s>"),
        ("*bold with _italic_ in*", "<strong>bold with <em>italic</em> in</strong>"),
        ("2*3*4 and snake_case_name", "2*3*4 and snake_case_name"),
        ("* not bold *", "* not bold *"),
        ("`a *b* <https://x.example|c>`", "<code>a *b* c</code>"),
        ("```\nx *y*\nz\n```", "<pre>x *y*\nz</pre>"),
        ("a\nb", "a<br>b"),
        ("&gt; one\n&gt; two\nthree", "<blockquote>one<br>two</blockquote>three"),
        ("&amp;lt; &lt;b&gt; &amp;amp;", "&amp;lt; &lt;b&gt; &amp;amp;"),
        ("<script>alert(1)</script>", "scriptalert(1)/script"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<javascript:alert(1)|ok>", "<span>ok</span>"),
        ("<data:text/html,x|ok>", "<span>ok</span>"),
        ('<https://x.example/"onload=1|"q"&gt;>', LINK.format("https://x.example/&quot;onload=1", '"q"&gt;')),
        ("<https://x.example/?a=1&amp;b=2>", LINK.format("https://x.example/?a=1&amp;b=2", "https://x.example/?a=1&amp;b=2")),
        ("see https://x.example.", "see " + LINK.format("https://x.example", "https://x.example") + "."),
        ("<!channel> hi", '<span class="mention is-broadcast">@channel</span> hi'),
        ("&lt;!channel&gt; hi", "&lt;!channel&gt; hi"),
        ("<@U1>", '<span class="mention">@Ann &lt;b&gt;Cod&lt;/b&gt;</span>'),
        ("<@U9|x> <#C1>", '<span class="mention">@x</span> <span class="mention">#help</span>'),
        ("<!date^1^{date}|today>", "today"),
        (":white_check_mark: :nope: 10:30:45", "✅ :nope: 10:30:45"),
        ("*<https://x.example|b>*", "<strong>" + LINK.format("https://x.example", "b") + "</strong>"),
    ],
)  # fmt: skip
async def test_mrkdwn_becomes(still_page: Page, text: str, markup: str):
    shown = await mrkdwn(still_page, text)
    if text.startswith("<script>"):
        assert "<script" not in shown
    else:
        assert shown == markup


async def test_plain_text_has_no_formatting(still_page: Page):
    given = {"type": "header", "text": {"type": "plain_text", "text": "*a* <@U1> &lt;"}}
    assert "*a* &lt;@U1&gt; &lt;</div>" in await block(still_page, given)


async def test_markdown_shows_html_as_text(still_page: Page):
    text = (
        "**b** <img src=x onerror=alert(1)> [l](javascript:alert(1)) ![p](https://x/y)"
    )
    shown = await block(still_page, {"type": "markdown", "text": text})
    assert "<strong>b</strong> &lt;img src=x onerror=alert(1)&gt;" in shown
    assert "<img" not in shown
    assert "href" not in shown


async def test_markdown_links_tell_nobody_where_they_were_clicked(still_page: Page):
    given = {"type": "markdown", "text": "[a](https://x.example)"}
    assert 'rel="noreferrer noopener"' in await block(still_page, given)


async def test_markdown_still_reads_slacks_tokens_unless_escaped(still_page: Page):
    given = {"type": "markdown", "text": "<!here> &lt;!channel&gt; <@U1>"}
    shown = await block(still_page, given)
    assert '<span class="mention is-broadcast">@here</span>' in shown
    assert "&lt;!channel&gt;" in shown
    assert "@Ann &lt;b&gt;Cod&lt;/b&gt;" in shown


@pytest.mark.parametrize("kind", ["carousel_of_doom", "constructor", "__proto__"])
async def test_an_unknown_block_says_that_it_is_not_supported(
    still_page: Page, kind: str
):
    assert f"unsupported block: {kind}" in await block(still_page, {"type": kind})


async def test_fields_buttons_and_rich_text_are_shown(still_page: Page):
    fields = [{"type": "mrkdwn", "text": "*Cost*"}, {"type": "plain_text", "text": "5"}]
    button = {"type": "button", "action_id": "go", "style": "danger"}
    button["text"] = {"type": "plain_text", "text": "Go"}  # pyright: ignore[reportArgumentType] - JSON
    section = {"type": "section", "fields": fields, "accessory": button}
    shown = await block(still_page, section)
    assert '<div class="bk-field"><strong>Cost</strong></div>' in shown
    assert '<button type="button" class="btn is-danger" data-action="go">Go' in shown
    runs = [{"type": "text", "text": "<i>", "style": {"bold": True, "code": True}}]
    rich = [{"type": "rich_text_section", "elements": runs}]
    shown = await block(still_page, {"type": "rich_text", "elements": rich})
    assert "<strong><code>&lt;i&gt;</code></strong>" in shown


async def test_a_card_shows_html_as_text(still_page: Page):
    body = [{"type": "TextBlock", "text": "<img src=x onerror=alert(1)> **b**"}]
    card = {"type": "AdaptiveCard", "version": "1.5", "body": body}
    shown = await render(still_page, "cards", "m.renderCard(given)", card)
    assert "&lt;img src=x onerror=alert(1)&gt; <strong>b</strong>" in shown
    assert "<img" not in shown
