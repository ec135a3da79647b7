"""A mistake in the arguments of `kai`, as one sentence that names the help to read."""

from collections.abc import Sequence

from cyclopts import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    UnusedCliTokensError,
)

from kai_flow.cli import text


def mistake(wrong: CycloptsError, arguments: Sequence[str]) -> str:
    """The sentence; it repeats no URI, because there may be a password in it."""
    command = " ".join(["kai", *(wrong.command_chain or ())])
    what = text.block(_without_uris(_what(wrong), arguments)).strip().rstrip(".")
    return f"{what} (see `{command} --help`)"


def _what(wrong: CycloptsError) -> str:
    name = wrong.argument.name if wrong.argument is not None else ""
    match wrong:
        case MissingArgumentError(keyword=str(given)):
            return f"{given} needs a value"
        case MissingArgumentError():
            return f"{name} is missing"
        case UnusedCliTokensError(unused_tokens=[first, *_]):
            return f"unexpected argument {first!r}"
        case CoercionError(token=token) if token is not None:
            return f"{name} needs a whole number, not {token.value!r}"
        case _:  # the help lists all commands, and the library only some
            sentence, _, _ = str(wrong).partition(" Available commands:")
            return sentence[:1].lower() + sentence[1:]


def _without_uris(sentence: str, arguments: Sequence[str]) -> str:
    for argument in arguments:
        if "://" in argument:
            for form in (argument, repr(argument)[1:-1]):
                sentence = sentence.replace(form, "***")
    return sentence
