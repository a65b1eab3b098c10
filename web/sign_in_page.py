"""The pages of ``web/sign_in.py`` as HTML: words escaped, colours from the theme's tokens."""

from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import quote

from data.accounts import Account
from errors import MedPatrolError
from ui import theme
from ui.theme import Palette
from workflows import rights, wording

_STYLE = """
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center;
  padding: 48px 16px 24px; background: var(--sidebar); color: var(--text);
  font: 14px/21px var(--font); }
header { display: flex; align-items: center; gap: 10px; margin-bottom: 24px; }
header svg { width: 32px; height: 32px; }
header b { font-size: 22px; font-weight: 600; }
header span { color: var(--muted); }
main { width: 100%; max-width: 400px; }
section { background: var(--background); border: 1px solid var(--line); border-radius: 4px;
  padding: 20px 24px 24px; margin-bottom: 16px; }
h1, h2 { font-size: 15px; line-height: 22px; font-weight: 600; margin: 0 0 4px; }
p { margin: 0 0 12px; color: var(--muted); }
p.error { color: var(--late); background: var(--soft-late); border-radius: 4px; padding: 8px 12px; }
p.demo { color: var(--warning); background: var(--soft-warning); border-radius: 4px;
  padding: 8px 12px; }
label { display: block; margin-top: 12px; font-weight: 600; }
input { width: 100%; margin-top: 4px; padding: 8px 10px; font: inherit; color: var(--text);
  background: var(--background); border: 1px solid var(--border); border-radius: 4px; }
small { color: var(--muted); font-size: 12px; line-height: 18px; }
button { font: inherit; cursor: pointer; border-radius: 4px; }
button.main { width: 100%; margin-top: 20px; padding: 9px; font-weight: 600; border: 0;
  background: var(--primary); color: var(--on-primary); }
ul { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); }
li { border-bottom: 1px solid var(--line); }
li button { width: 100%; display: flex; justify-content: space-between; gap: 12px; padding: 9px 4px;
  border: 0; background: none; color: var(--primary); text-align: left; }
li button span { color: var(--muted); text-align: right; }
li button:hover { background: var(--soft-selected); }
:focus-visible { outline: 2px solid var(--primary); outline-offset: 1px; }
footer { color: var(--muted); }
footer a { color: var(--primary); }
details summary { cursor: pointer; color: var(--primary); margin-top: 12px; }
@media (max-width: 480px) { body { padding-top: 24px; font-size: 16px; line-height: 24px; }
  section { padding: 16px; } }
"""
_SHIELD = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path fill="var(--primary)" d="M12 1 3 4.5v7c0 '
    '5.3 3.8 9.6 9 11.5 5.2-1.9 9-6.2 9-11.5v-7z"/><path fill="var(--on-primary)" d="M10.6 '
    '6.5h2.8v3.6H17v2.8h-3.6v3.6h-2.8v-3.6H7v-2.8h3.6z"/></svg>'
)
_PRODUCT = "医巡 MedPatrol"
_NAMES = ("background", "sidebar", "text", "muted", "primary", "on_primary", "late", "warning",
          "line", "border", "soft_selected", "soft_late", "soft_warning")  # fmt: skip


def sign_in(
    *,
    language: str,
    token: str,
    target: str,
    demo: Sequence[Account],
    with_codes: bool,
    error: MedPatrolError | None,
) -> str:
    """Return the sign-in page."""
    say = wording.translator(language)
    hidden = _hidden(form=token, next=target)
    parts = [
        "<section><h1>",
        escape(say("登录")),
        "</h1>",
        _error(error, language),
        f'<form method="post" action="{_here("/sign-in", language, target)}">{hidden}',
        _field("account", say("账号名"), "username"),
        _field("password", say("密码"), "current-password", kind="password"),
        f'<button class="main">{escape(say("登录"))}</button></form></section>',
    ]
    if demo:
        parts.append(_demo(demo, language, hidden, target))
    if with_codes:
        parts.append(_first(language, hidden, target))
    switch = f'<a href="{_here("/sign-in", _other(language), target)}">{_other_name(language)}</a>'
    return _page(say("登录"), parts, language=language, footer=switch)


def password(
    *, language: str, token: str, name: str, must_change: bool, error: MedPatrolError | None
) -> str:
    """Return the page on which somebody changes his password."""
    say = wording.translator(language)
    why = say("这是一次性密码，请先设置自己的密码。") if must_change else ""
    parts = [
        f"<section><h1>{escape(say('修改密码'))}</h1><p>{escape(name)}　{escape(why)}</p>",
        _error(error, language),
        f'<form method="post" action="/password?lang={language}">{_hidden(form=token)}',
        _field("old", say("原密码"), "current-password", kind="password"),
        _new_password(language),
        f'<button class="main">{escape(say("保存"))}</button></form></section>',
    ]
    back = "" if must_change else f'<a href="/?lang={language}">{escape(say("返回"))}</a>'
    return _page(say("修改密码"), parts, language=language, footer=back)


def _demo(demo: Sequence[Account], language: str, hidden: str, target: str) -> str:
    say = wording.translator(language)
    column = wording.LANGUAGES.index(language)
    rows = []
    for account in demo:
        [role] = account.roles
        name = escape(rights.ROLES[role][column])
        rows.append(
            f'<li><button name="demo" value="{escape(account.account)}">{name}'
            f"<span>{escape(account.account)}</span></button></li>"
        )
    told = escape(say("仅限本机试用示例城市：点一个账号即可登录，不需要密码。"))
    return (
        f"<section><h2>{escape(say('示例账号'))}</h2>"
        f'<p class="demo">{told}</p>'
        f'<form method="post" action="{_here("/sign-in", language, target)}">'
        f"{hidden}<ul>{''.join(rows)}</ul></form></section>"
    )


def _first(language: str, hidden: str, target: str) -> str:
    say = wording.translator(language)
    told = say(
        "还没有管理员。启动服务的终端上印有两个一次性代码：一个给系统管理员（建账号），"
        "一个给安全管理员（授角色）。请两个人各用一个。"
    )
    return (
        f"<section><h2>{escape(say('首次启动'))}</h2><p>{escape(told)}</p>"
        f'<form method="post" action="{_here("/sign-in", language, target)}">{hidden}'
        + _field("code", say("一次性代码"), "one-time-code")
        + _field("account", say("账号名"), "username", key="first_account")
        + _field("display_name", say("姓名"), "name")
        + _new_password(language)
        + f'<button class="main">{escape(say("建立管理员账号"))}</button></form></section>'
    )


def _new_password(language: str) -> str:
    say = wording.translator(language)
    return (
        _field("password", say("新密码"), "new-password", kind="password", key="new_password")
        + f"<small>{escape(say('至少 10 个字符，不能是账号名'))}</small>"
        + _field("again", say("再输入一次"), "new-password", kind="password")
    )


def _field(name: str, label: str, complete: str, *, kind: str = "text", key: str = "") -> str:
    return (
        f'<label for="{key or name}">{escape(label)}</label>'
        f'<input id="{key or name}" name="{name}" type="{kind}" autocomplete="{complete}" '
        'required maxlength="200" autocapitalize="none" spellcheck="false">'
    )


def _hidden(**values: str) -> str:
    return "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in values.items()
    )


def _error(error: MedPatrolError | None, language: str) -> str:
    if error is None:
        return ""
    return f'<p class="error" role="alert">{escape(wording.say(error, language))}</p>'


def _here(path: str, language: str, target: str) -> str:
    return escape(f"{path}?lang={language}&next={quote(target, safe='/')}")


def _other(language: str) -> str:
    return "en" if language == "zh" else "zh"


def _other_name(language: str) -> str:
    return "English" if language == "zh" else "中文"


def _variables(palette: Palette) -> str:
    return "".join(f"--{name.replace('_', '-')}:{getattr(palette, name)};" for name in _NAMES)


def _page(title: str, parts: Iterable[str], *, language: str, footer: str) -> str:
    colours = (
        f":root{{--font:{theme.FONT_STACK};{_variables(theme.LIGHT)}color-scheme:light}}"
        f"@media(prefers-color-scheme:dark){{:root{{{_variables(theme.DARK)}color-scheme:dark}}}}"
    )
    return (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>{escape(title)} · {_PRODUCT}</title><style>{colours}{_STYLE}</style></head>"
        f"<body><header>{_SHIELD}<b>医巡</b><span>MedPatrol</span></header>"
        f"<main>{''.join(parts)}</main><footer>{footer}</footer></body></html>"
    )
