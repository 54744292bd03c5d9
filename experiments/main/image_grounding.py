"""Take the samples whose answers depend most on the image.

Paper: Adapt-∞ (ICLR 2025), eq. 2 and Table 2 "Image-grounding". Needs two forward passes, with and
without images. Without an image the score is 1, so language-only data is crowded out. Differences:
the image and its placeholders are removed; the released code shows a zero image (see
released/zero_image) and divides unlike means.
"""

from liit.selection import Method, Published
from liit.selection.picks import top
from liit.selection.scorers import image_grounding

METHOD = Method(
    label="Image grounding",
    published=Published(92.3, 5.6, 45.6),
    scorers=(image_grounding,),
    pick=top,
)
