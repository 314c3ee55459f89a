"""The official Vosk models that suit calls, and where they are.

Names, sizes and licences as https://alphacephei.com/vosk/models lists them. Word error rates stand
there too; none was measured on telephone calls here. A checksum that is pinned here was found
alike in several places for ru, en and es, in one for the rest; other models go by the site's MD5.
"""

from typing import Literal

import msgspec

SITE = "https://alphacephei.com/vosk/models"
LIST = "model-list.json"
"""The site's own list, beside the models: name, md5, size of each."""

APACHE = "Apache-2.0"


class Model(msgspec.Struct, frozen=True):
    """A model that can be fetched."""

    language: str
    """ISO 639, as in the settings."""
    name: str
    bytes: int
    """Of the archive; it unpacks to about twice as much."""
    kind: Literal["small", "big"]
    """`small`: 200-300 MB of memory, 16 kHz. `big`: a server model, several GB of memory."""
    licence: str = APACHE
    sha256: str | None = None


MODELS = (
    Model(
        "ru",
        "vosk-model-small-ru-0.22",
        46_236_750,
        "small",
        sha256="961d5ff98a17f4aa6de69864d0aa71fa5bac682301d2b5d17a3f24c5c99a46d4",
    ),
    Model("ru", "vosk-model-ru-0.42", 1_940_000_000, "big"),
    Model("uk", "vosk-model-small-uk-v3-small", 143_914_407, "small"),
    Model(
        "uk",
        "vosk-model-small-uk-v3-nano",
        77_622_640,
        "small",
        sha256="d6b50be0a2d20f891720f3a83c98290bb2d396fd666142dbf716e8ad302f8233",
    ),
    Model("uk", "vosk-model-uk-v3", 360_000_000, "big"),
    Model("kk", "vosk-model-small-kz-0.15", 43_739_114, "small"),
    Model("kk", "vosk-model-kz-0.15", 388_000_000, "big"),
    Model(
        "en",
        "vosk-model-small-en-us-0.15",
        41_205_931,
        "small",
        sha256="30f26242c4eb449f948e42cb302dd7a686cb29a3423a8367f99ff41780942498",
    ),
    Model("en", "vosk-model-en-us-0.22-lgraph", 134_000_000, "big"),
    Model("en", "vosk-model-en-us-0.22", 1_900_000_000, "big"),
    Model(
        "uz",
        "vosk-model-small-uz-0.22",
        51_061_189,
        "small",
        sha256="ffb77328df64f222a3fac6e368e0baff9dc1258f11b6b5ca5deaa82e5f688e6a",
    ),
    Model("tg", "vosk-model-small-tg-0.22", 51_879_043, "small"),
    Model(
        "de",
        "vosk-model-small-de-0.15",
        46_499_967,
        "small",
        sha256="b7e53c90b1f0a38456f4cd62b366ecd58803cd97cd42b06438e2c131713d5e43",
    ),
    Model(
        "fr",
        "vosk-model-small-fr-0.22",
        42_233_323,
        "small",
        sha256="cabf6180e177eb9b3a9a9d43a437bd5e549f3a7d09525e5d69a3fed787be12ad",
    ),
    Model(
        "es",
        "vosk-model-small-es-0.42",
        39_817_833,
        "small",
        sha256="09b239888f633ef2f0b4e09736e3d9936acfd810bc65d53fad45261762c6511f",
    ),
    Model(
        "it",
        "vosk-model-small-it-0.22",
        49_665_141,
        "small",
        sha256="9ec65e75861d1c6c2e457cccd932705340dcdf233f5b239f00733b4de0bf3267",
    ),
    Model(
        "pl",
        "vosk-model-small-pl-0.22",
        52_979_372,
        "small",
        sha256="c4cd16498ea544f446f9e9a55cbd602b71cfe5a2b6f2b0834d81e1b6fce15f0d",
    ),
    Model(
        "nl",
        "vosk-model-small-nl-0.22",
        40_441_176,
        "small",
        sha256="039811c3b829de64e4f123a9f684a53784005b212a346ac0b899dc7efce2ed0a",
    ),
    Model("pt", "vosk-model-small-pt-0.3", 32_453_112, "small"),
    Model("tr", "vosk-model-small-tr-0.3", 36_855_784, "small"),
    Model(
        "ca",
        "vosk-model-small-ca-0.4",
        43_405_881,
        "small",
        sha256="99f90bfff5c2b187c705ddbc20aaa2600eddc359466f404404f1db6029fba5d4",
    ),
    Model(
        "cs",
        "vosk-model-small-cs-0.4-rhasspy",
        46_088_666,
        "small",
        "MIT",
        sha256="287c3bbefc8ad67b4ab9636eecef3d62acc3719990777d03e226db5a7f19fbda",
    ),
    Model("fa", "vosk-model-small-fa-0.5", 62_153_530, "small"),
    Model(
        "ar",
        "vosk-model-ar-mgb2-0.4",
        333_241_610,
        "big",
        sha256="357469ae1bb4d7a3810c9cd6b86d33bc135898dfc134e6df8bc2ddd28c5fe77a",
    ),
    Model("hi", "vosk-model-small-hi-0.22", 44_458_845, "small"),
    Model("gu", "vosk-model-small-gu-0.42", 108_054_987, "small"),
    Model("ja", "vosk-model-small-ja-0.22", 49_704_573, "small"),
    Model("ko", "vosk-model-small-ko-0.22", 86_914_329, "small"),
    Model("zh", "vosk-model-small-cn-0.22", 43_898_754, "small"),
    Model("vi", "vosk-model-small-vn-0.4", 33_656_337, "small"),
    Model("eo", "vosk-model-small-eo-0.42", 43_839_401, "small"),
    Model("sv", "vosk-model-small-sv-rhasspy-0.15", 303_000_000, "small", "MIT"),
)
"""By language, the one to begin with first."""


def found(word: str) -> Model | None:
    """The model of that name, or the first one of that language; None: neither."""
    by_name = next((model for model in MODELS if model.name == word), None)
    return by_name or next((model for model in MODELS if model.language == word), None)
