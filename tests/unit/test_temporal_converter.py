"""Which data converter the programs get: what `KAI_DATA_CONVERTER` may name."""

import sys
from pathlib import Path

import pytest
from temporalio.converter import DataConverter

from kai_flow.settings import Settings, SettingsError, StartError, load_settings
from kai_flow.temporal.codec import EncryptionCodec
from kai_flow.temporal.converter import data_converter_of

KEY = "MTEx" * 10 + "MTE="

MODULE = """
from temporalio.converter import DataConverter

instance = DataConverter()
number = 7

class Own(DataConverter):
    pass

def make():
    return instance

def broken():
    raise RuntimeError("no key store\\nfound")

def wrong():
    return "converter"
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of a user's, with converters and other things."""
    (tmp_path / "my_converters.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_converters", raising=False)


def test_none_is_temporals_own() -> None:
    """Without the setting nothing is loaded."""
    assert data_converter_of(Settings()) is None


@pytest.mark.parametrize("name", ["instance", "make", "Own"])
def test_an_instance_or_what_makes_one(name: str) -> None:
    """The setting may name a converter, a function or a class."""
    found = data_converter_of(Settings(data_converter=f"my_converters:{name}"))
    assert isinstance(found, DataConverter)


def test_our_codec_is_named_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """The codec that is shipped needs no way of its own."""
    environ = {
        "KAI_DATA_CONVERTER": "kai_flow.temporal.codec:encrypted",
        "KAI_CODEC_KEYS": KEY,
    }
    monkeypatch.setenv("KAI_CODEC_KEYS", KEY)
    found = data_converter_of(load_settings(environ))
    assert found is not None
    assert isinstance(found.payload_codec, EncryptionCodec)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("nowhere.at.all:make", "no module 'nowhere'"),
        ("my_converters:other", "no 'other'"),
        ("my_converters:number", "is a int, and neither"),
        ("my_converters:wrong", "is a str, and neither"),
        ("my_converters:broken", "broken() failed: RuntimeError: no key store found"),
        ("kai_flow.temporal.codec:encrypted", "set KAI_CODEC_KEYS"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    spec: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program does not start in clear because its converter is wrong: it does not start."""
    monkeypatch.delenv("KAI_CODEC_KEYS", raising=False)
    with pytest.raises(StartError) as caught:
        data_converter_of(Settings(data_converter=spec))
    sentence = str(caught.value)
    assert sentence.startswith("KAI_DATA_CONVERTER=")
    assert says in sentence
    assert "\n" not in sentence


def test_keys_that_nothing_uses_are_refused() -> None:
    """Whoever sets the keys and forgets the converter would store everything in clear."""
    with pytest.raises(StartError, match="nothing would be encrypted"):
        data_converter_of(load_settings({"KAI_CODEC_KEYS": KEY}))


@pytest.mark.parametrize("value", ["secretCanary", KEY[:-4], f"{KEY},short"])
def test_a_wrong_key_is_not_repeated(value: str) -> None:
    """A wrong KAI_CODEC_KEYS is refused with the way to make one."""
    with pytest.raises(SettingsError) as caught:
        load_settings({"KAI_CODEC_KEYS": value})
    assert value not in str(caught.value)
    assert "openssl rand -base64 32" in str(caught.value)
