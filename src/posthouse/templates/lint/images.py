"""Images: blocked in many clients and firms, unseen by screen readers, so they may only decorate."""

import re
from collections.abc import Iterator
from typing import Final

from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.page import VALUE, Element
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.rule import LintRule

_MOST: Final = 5
_FEWEST_WORDS: Final = 12
_WORD: Final = re.compile(rf"[^\W_]+|{VALUE}+")
_ANIMATED: Final = re.compile(r"\.gif(?:[?#]|$)", re.IGNORECASE)


def _is_pixel(image: Element) -> bool:
    return image.value_of("width") in {"0", "1"} and image.value_of("height") in {"0", "1"}


def alt_missing(reading: LintReading) -> Iterator[Hit]:
    """Without ``alt``, a screen reader reads the file's name, and a blocked image says nothing. ``alt=""`` is for what only
    decorates.
    """
    for image in reading.page.elements_named("img", "area"):
        if "alt" not in image.attributes and not _is_pixel(image):
            yield Hit("html", f"<{image.name}> has no alt", image.start)


def image_link_alt(reading: LintReading) -> Iterator[Hit]:
    """A link that holds nothing but an image says what the image's ``alt`` says."""
    for image in reading.page.elements_named("img"):
        if image.look.link >= 0 and "alt" in image.attributes and not reading.page.link_texts[image.look.link]:
            yield Hit("html", "an image is all that a link says, and its alt is empty", image.start)


def images_mostly(reading: LintReading) -> Iterator[Hit]:
    """A mail of images and few words is empty while they are blocked, and filters take it for spam."""
    images = [image for image in reading.page.elements_named("img") if not _is_pixel(image)]
    if images and len(_WORD.findall(reading.page.visible_text())) < _FEWEST_WORDS:
        yield Hit("html", f"there are fewer than {_FEWEST_WORDS} words beside the images", images[0].start)


def over_designed(reading: LintReading) -> Iterator[Hit]:
    """Many images and animated ones load slowly and look like advertising."""
    images = [image for image in reading.page.elements_named("img") if not _is_pixel(image)]
    moving = next((image for image in images if _ANIMATED.search(image.value_of("src"))), None)
    if moving is not None:
        yield Hit("html", "an image is a GIF", moving.start)
    if len(images) > _MOST:
        yield Hit("html", f"there are {len(images)} images", images[_MOST].start)


RULES: Final = (
    LintRule(
        "image-alt",
        "An image has no alternative text.",
        'Add alt, with words or empty (alt="") where it only decorates.',
        alt_missing,
    ),
    LintRule(
        "image-link-alt", "A link holds only an image with an empty alt.", "Say in alt where the link leads.", image_link_alt
    ),
    LintRule("images-mostly", f"There are images and fewer than {_FEWEST_WORDS} words.", "Say it in words.", images_mostly),
    LintRule(
        "over-designed", f"There are more than {_MOST} images, or a GIF.", "Keep the logo and leave the rest out.", over_designed
    ),
)
