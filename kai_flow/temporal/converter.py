"""The data converter that `KAI_DATA_CONVERTER` names, for every client of our programs."""

from typing import TYPE_CHECKING, Final

from kai_flow.runtime.named import BadName, named, on_one_line
from kai_flow.settings import Settings, StartError, parsers

if TYPE_CHECKING:  # programs import Temporal's SDK while other things start
    from temporalio.converter import DataConverter

SETTING: Final = "KAI_DATA_CONVERTER"


def data_converter_of(settings: Settings) -> "DataConverter | None":
    """The configured data converter; None: Temporal's own.

    The setting names a DataConverter, or something that makes one when it is called. Raises
    StartError when it names neither, and when there are keys for our codec that nothing uses:
    everything would be stored unencrypted.
    """
    spec = settings.data_converter
    if spec is None:
        if settings.codec_keys:
            raise StartError(
                f"KAI_CODEC_KEYS is set, but {SETTING} is not, so nothing would be encrypted: set "
                f"{SETTING}=kai_flow.temporal.codec:encrypted, or unset KAI_CODEC_KEYS"
            )
        return None
    try:
        found = named(SETTING, spec, parsers.converter)
    except BadName as wrong:
        raise StartError(str(wrong)) from wrong.__cause__
    return _made(spec, found)


def _made(spec: str, found: object) -> "DataConverter":
    from temporalio.converter import DataConverter  # noqa: PLC0415  (see above)

    name = spec.partition(":")[2]
    if callable(found):
        try:
            found = found()
        except StartError as wrong:
            raise StartError(f"{SETTING}={spec}: {wrong}") from None
        except Exception as error:
            raise StartError(f"{SETTING}={spec}: {name}() failed: {on_one_line(error)}") from error
    if not isinstance(found, DataConverter):
        raise StartError(
            f"{SETTING}={spec}: {name} is a {type(found).__name__}, and neither a "
            "temporalio.converter.DataConverter nor a function that makes one"
        )
    return found
