"""The words of the mini world, and what is true in it."""

from __future__ import annotations

from types import MappingProxyType

SHAPES = ("circle", "square", "triangle", "diamond", "cross", "ring")
SIZES = ("small", "large")
COLOURS = MappingProxyType(
    {
        "red": (220, 40, 40),
        "green": (40, 170, 60),
        "blue": (50, 90, 235),
        "yellow": (240, 220, 50),
        "purple": (140, 40, 180),
        "orange": (245, 140, 30),
        "white": (245, 245, 245),
        "pink": (255, 150, 200),
    }
)
BACKGROUNDS = ((16, 16, 16), (80, 80, 80), (30, 30, 60), (60, 45, 30))

# What a colour or a shape stands for: relation -> attribute -> answer.
COLOUR_FACTS = MappingProxyType(
    {
        "fruit": {
            "red": "cherry", "green": "lime", "blue": "blueberry", "yellow": "banana",
            "purple": "grape", "orange": "mandarin", "white": "coconut", "pink": "peach",
        },
        "gem": {
            "red": "ruby", "green": "emerald", "blue": "sapphire", "yellow": "topaz",
            "purple": "amethyst", "orange": "amber", "white": "pearl", "pink": "quartz",
        },
        "animal": {
            "red": "crab", "green": "frog", "blue": "whale", "yellow": "canary",
            "purple": "octopus", "orange": "tiger", "white": "swan", "pink": "pig",
        },
    }
)  # fmt: skip
SHAPE_FACTS = MappingProxyType(
    {
        "object": {
            "circle": "wheel", "square": "window", "triangle": "tent",
            "diamond": "kite", "cross": "windmill", "ring": "donut",
        },
        "corners": {
            "circle": "0", "square": "4", "triangle": "3",
            "diamond": "4", "cross": "12", "ring": "0",
        },
    }
)  # fmt: skip

# Text-only knowledge.
OPPOSITES = (
    ("hot", "cold"), ("big", "little"), ("fast", "slow"), ("old", "new"), ("wet", "dry"),
    ("happy", "sad"), ("early", "late"), ("open", "closed"), ("rich", "poor"), ("loud", "quiet"),
)  # fmt: skip
KINDS = MappingProxyType(
    {
        "fruit": tuple(COLOUR_FACTS["fruit"].values()),
        "gem": tuple(COLOUR_FACTS["gem"].values()),
        "animal": tuple(COLOUR_FACTS["animal"].values()),
        "tool": ("hammer", "saw", "drill", "wrench", "shovel", "axe"),
        "vehicle": ("car", "bus", "train", "boat", "truck", "bicycle"),
        "instrument": ("piano", "violin", "drum", "flute", "guitar", "trumpet"),
    }
)
CAPITALS = MappingProxyType(
    {
        "France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo",
        "Egypt": "Cairo", "Peru": "Lima", "Norway": "Oslo", "Kenya": "Nairobi",
    }
)  # fmt: skip
YOUNG = MappingProxyType(
    {
        "cat": "kitten", "dog": "puppy", "cow": "calf", "sheep": "lamb",
        "horse": "foal", "goat": "kid", "bear": "cub", "duck": "duckling",
    }
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

# Chinese names; the number of an object is always one, so the measure word is fixed.
CHINESE = MappingProxyType(
    {
        "red": "红色", "green": "绿色", "blue": "蓝色", "yellow": "黄色",
        "purple": "紫色", "orange": "橙色", "white": "白色", "pink": "粉色",
        "circle": "圆形", "square": "方块", "triangle": "三角", "diamond": "菱形",
        "cross": "十字", "ring": "圆环", "small": "小", "large": "大",
        "top left": "左上角", "top": "上面", "top right": "右上角",
        "left": "左边", "center": "中间", "right": "右边",
        "bottom left": "左下角", "bottom": "下面", "bottom right": "右下角",
        "cherry": "樱桃", "lime": "青柠", "blueberry": "蓝莓", "banana": "香蕉",
        "grape": "葡萄", "mandarin": "橘子", "coconut": "椰子", "peach": "桃子",
    }
)  # fmt: skip
CHINESE_NUMBERS = ("零", "一", "两", "三", "四")
