"""The page on which a person signs in to the codec server, for the Temporal UI."""

from typing import Final

_FRAME: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>KAI codec server</title>
<h1>KAI codec server</h1>
{content}
</html>
"""

SIGN_IN: Final = _FRAME.format(
    content="""<p>Sign in, so that the Temporal UI in this browser can show what is encrypted.</p>
<form method="post"><label>Token (KAI_CODEC_TOKEN)
<input name="token" type="password" autocomplete="current-password" required autofocus></label>
<button>Sign in</button></form>"""
)

WRONG: Final = _FRAME.format(
    content="""<p role="alert">This is not the token. <a href="">Try again</a></p>"""
)

SIGNED_IN: Final = _FRAME.format(
    content="""<p>You are signed in for 12 hours.</p>
<p>In the Temporal UI, click on the glasses at the top, enter the address of this page, and choose
<em>Include cross-origin credentials</em>.</p>"""
)

HEADERS: Final = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": (
        "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}
