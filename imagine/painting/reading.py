"""Reads from a prompt what to paint: the words that the painter knows, in Chinese and English."""

import re
from dataclasses import dataclass
from random import Random

WORD = re.compile("[a-z]+")

# Each line: what the painter calls it, and the words for it. Chinese words are found anywhere
# in the prompt, English ones as whole words, also in the plural. The first line that fits wins.
SETTINGS = {
    "space": "太空 宇宙 星系 银河 行星 星球 星云 火箭 宇航 space galaxy planet cosmos nebula"
    " astronaut rocket spaceship saturn mars cosmic",
    "city": "城市 都市 街 高楼 摩天 建筑 大厦 上海 北京 东京 香港 赛博朋克 霓虹 city town street"
    " skyline skyscraper building urban cyberpunk neon tokyo shanghai york paris london",
    "desert": "沙漠 沙丘 戈壁 仙人掌 骆驼 驼队 desert dune sahara cactus camel canyon",
    "lake": "湖 池塘 河 溪 lake pond river stream reflection",
    "sea": "海 沙滩 浪 船 帆 灯塔 岛 港 sea ocean beach wave coast island ship boat sail sailboat"
    " lighthouse harbor harbour seaside shore seascape",
    "snow": "雪 冰 冬 圣诞 snow snowy winter ice glacier arctic frozen christmas",
    "forest": "森林 树 竹 松 林 forest wood woods jungle tree bamboo pine woodland grove",
    "mountains": "山 峰 岭 峡谷 瀑布 火山 mountain peak hill cliff valley alps volcano waterfall",
    "field": "草 田 麦 乡村 农场 花园 field meadow farm countryside prairie garden park wheat",
    "abstract": "抽象 几何 图案 极简 梦 音乐 abstract geometric pattern minimal dream music",
}
SUBJECTS = {
    "cat": "猫 cat kitten",
    "fox": "狐 fox",
    "dog": "狗 犬 狼 dog puppy corgi husky wolf",
    "rabbit": "兔 rabbit bunny hare",
    "whale": "鲸 鱼 海豚 鲨 whale dolphin shark orca fish koi goldfish",
    "bird": "鸟 鹤 鹰 燕 鸽 雀 天鹅 鸥 bird crane eagle swallow dove seagull parrot owl",
    "deer": "鹿 deer stag elk reindeer moose",
    "portrait": "肖像 人像 人物 女孩 女人 少女 男人 男孩 美女 女性 男性 老人 公主 portrait woman"
    " girl man boy lady face person people princess queen king",
    "flower": "静物 花 蝶 玫瑰 牡丹 荷 莲 向日葵 郁金香 flower rose peony lotus tulip sunflower"
    " daisy orchid bouquet floral lily vase still butterfly",
}
LIGHTS = {
    "sunset": "日落 夕阳 黄昏 晚霞 落日 金色时刻 sunset golden evening",
    "dawn": "日出 黎明 清晨 早晨 晨 朝霞 dawn sunrise morning daybreak",
    "dusk": "暮 傍晚 dusk twilight",
    "night": "夜 月 星空 星星 极光 night moon moonlight midnight starry star dark aurora northern",
    "autumn": "秋 枫 autumn fall maple",
    "spring": "春 樱 spring sakura blossom cherry",
    "overcast": "雾 阴 雨 烟 灰 grey gray fog foggy mist misty rain rainy overcast storm stormy",
    "day": "白天 正午 中午 晴 阳光 夏 蓝天 noon day daylight sunny summer bright",
}
WEATHERS = {
    "aurora": "极光 aurora northern",
    "snowfall": "雪 snow snowy snowfall blizzard christmas",
    "rain": "雨 rain rainy storm stormy drizzle",
    "fog": "雾 烟 fog foggy mist misty haze hazy smoke",
}
HUES = {
    0.58: "蓝 blue azure navy sapphire",
    0.36: "绿 翠 green emerald jade",
    0.49: "青 teal cyan turquoise",
    0.75: "紫 purple violet lavender lilac",
    0.92: "粉 桃 pink magenta rose",
    0.99: "红 赤 red crimson scarlet",
    0.07: "橙 橘 orange amber",
    0.11: "黄 金 yellow golden gold",
}
COATS = {"#e4e0e0": "白 white", "#2b2630": "黑 black", "#d98236": "橘 橙 黄 orange ginger yellow"}
MONOCHROME = "黑白 水墨 monochrome grayscale greyscale ink noir"


@dataclass(frozen=True, slots=True)
class Brief:
    """The thing to paint. Setting and light are drawn at random if the prompt leaves them open."""

    setting: str  # a key of SETTINGS, or `plain`: a backdrop for a subject
    subject: str  # a key of SUBJECTS, or empty
    light: str  # a name of palettes.PALETTES
    weather: str  # a key of WEATHERS, or empty
    hues: list[float]  # 0 to 1: the main one first, the accent last
    coat: str  # `#rrggbb` or empty: the colour of an animal
    monochrome: bool


def read(prompt: str, rng: Random) -> Brief:
    """Return the brief for a prompt."""
    text = prompt.lower()
    english = set(WORD.findall(text))
    english |= {word.removesuffix("s") for word in english}

    def has(words: str) -> bool:
        return any(word in english if word.isascii() else word in text for word in words.split())

    def first(table: dict[str, str], otherwise: str = "") -> str:
        return next((name for name, words in table.items() if has(words)), otherwise)

    # Always drawn, so that recognising one more word leaves the rest as it was.
    any_setting = rng.choice([name for name in SETTINGS if name != "snow"])
    any_light = rng.choice(["sunset", "sunset", "day", "day", "dawn", "night", "autumn", "spring"])
    subject = first(SUBJECTS)
    setting = first(SETTINGS, "plain" if subject else any_setting)
    if setting == "plain" and any_light == "night":
        any_light = "day"
    coat = first(COATS) if subject not in ("", "portrait") else ""
    return Brief(
        setting=setting,
        subject=subject,
        light=first(LIGHTS, {"snow": "winter", "space": "night"}.get(setting, any_light)),
        weather=first(WEATHERS),
        hues=[] if coat else [hue for hue, words in HUES.items() if has(words)],
        coat=coat,
        monochrome=has(MONOCHROME),
    )
