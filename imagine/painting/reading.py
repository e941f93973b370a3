"""What a prompt asks for: the words that the painter knows, in Chinese and English."""

import re
from dataclasses import dataclass
from random import Random

# Each line: what the painter calls it, and the words for it. Chinese words are found anywhere
# in the prompt, English ones as whole words, also in the plural.
SETTINGS = {
    "space": "太空 宇宙 星系 银河 行星 星球 火箭 宇航 外星 space galaxy planet cosmos universe"
    " nebula"
    " astronaut rocket alien saturn mars cosmic",
    "city": "城市 都市 街 高楼 摩天 建筑 大厦 上海 北京 东京 纽约 香港 赛博朋克 霓虹 city town"
    " street"
    " skyline skyscraper building urban downtown cyberpunk neon tokyo shanghai york paris london",
    "desert": "沙漠 沙丘 戈壁 仙人掌 骆驼 金字塔 desert dune sahara cactus camel pyramid canyon",
    "snow": "雪 冰 冬 圣诞 snow snowy winter ice glacier arctic frozen christmas",
    "forest": "森林 树林 丛林 树 竹 松 林 forest wood woods jungle tree bamboo pine woodland grove",
    "lake": "湖 池塘 河 溪 lake pond river stream reflection",
    "sea": "海 沙滩 浪 船 帆 灯塔 岛 港 sea ocean beach wave coast island ship boat sail sailboat"
    " lighthouse harbor harbour seaside shore surf seascape",
    "mountains": "山 峰 岭 峡谷 瀑布 火山 mountain peak hill cliff valley alps himalaya volcano"
    " fuji"
    " waterfall",
    "field": "草原 田 麦 草地 花海 乡村 农场 花园 薰衣草 field meadow farm countryside grassland"
    " prairie"
    " garden lavender wheat village",
    "abstract": "抽象 几何 图案 极简 概念 梦 音乐 情绪 数学 abstract geometric pattern minimal"
    " minimalist shapes bauhaus concept dream music emotion",
}
SUBJECTS = {
    "cat": "猫 cat kitten kitty",
    "fox": "狐 fox",
    "dog": "狗 犬 柴犬 狼 dog puppy corgi husky wolf",
    "rabbit": "兔 rabbit bunny hare",
    "whale": "鲸 海豚 鲨 whale dolphin shark orca",
    "fish": "鱼 锦鲤 fish koi goldfish",
    "bird": "鸟 鹤 鹰 燕 鸽 雀 天鹅 鸥 bird crane eagle swallow dove seagull parrot owl phoenix",
    "deer": "鹿 麋 deer stag elk reindeer moose",
    "butterfly": "蝴蝶 蝶 butterfly moth",
    "portrait": "肖像 人像 女孩 女人 少女 男人 男孩 美女 女性 男性 人物 老人 公主 女王 骑士 头像 脸"
    " portrait woman girl man boy lady face person people princess queen king warrior samurai"
    " model",
    "vase": "静物 花瓶 水果 苹果 咖啡 茶 蛋糕 vase still fruit apple coffee tea cup bottle lemon",
    "flower": "花 玫瑰 牡丹 荷 莲 樱 向日葵 郁金香 flower rose peony lotus tulip sunflower daisy"
    " orchid bouquet blossom floral lily",
}
LIGHTS = {
    "sunset": "日落 夕阳 黄昏 晚霞 落日 金色时刻 sunset golden evening",
    "dawn": "日出 黎明 清晨 早晨 晨 朝霞 dawn sunrise morning daybreak",
    "dusk": "暮 傍晚 dusk twilight",
    "night": "夜 月 星空 星星 午夜 极光 night moon moonlight midnight starry star stars dark aurora"
    " nocturne",
    "autumn": "秋 枫 autumn fall maple",
    "spring": "春 樱花 spring sakura blossom cherry",
    "overcast": "雾 阴 雨 烟 fog foggy mist misty rain rainy overcast haze cloudy storm stormy",
    "day": "白天 正午 中午 晴 阳光 夏 蓝天 noon day daylight sunny summer bright",
}
WEATHERS = {
    "aurora": "极光 aurora northern",
    "snowfall": "雪 snow snowy snowfall blizzard christmas",
    "rain": "雨 rain rainy storm stormy drizzle",
    "fog": "雾 烟 fog foggy mist misty haze hazy smoke",
}
HUES = {
    0.99: "红 赤 red crimson scarlet ruby",
    0.07: "橙 橘 orange amber",
    0.13: "黄 金色 yellow golden gold",
    0.36: "绿 翠 green emerald jade",
    0.49: "青 teal cyan turquoise",
    0.58: "蓝 blue azure navy sapphire",
    0.75: "紫 purple violet lavender lilac",
    0.92: "粉 桃 pink magenta rose",
}
COATS = {"white": "白 white", "black": "黑 black"}
GREYS = "黑白 灰 水墨 monochrome grayscale greyscale grey gray ink noir"


@dataclass(frozen=True, slots=True)
class Brief:
    """What to paint. Everything that the prompt leaves open is drawn from the random numbers."""

    setting: str  # a key of SETTINGS, or `plain`: a backdrop for a subject
    subject: str  # a key of SUBJECTS, or empty
    light: str  # a key of palettes.PALETTES
    weather: str  # a key of WEATHERS, or empty
    hue: float | None  # 0 to 1
    grey: bool
    coat: str  # `black`, `white` or empty: the colour of an animal


def read(prompt: str, rng: Random) -> Brief:
    """The brief that a prompt gives."""
    text = prompt.lower()
    english = set(re.findall(r"[a-z]+", text))
    english |= {word[:-1] for word in english if word.endswith("s") and len(word) > 3}

    def matches(words: str) -> bool:
        return any(word in english if word.isascii() else word in text for word in words.split())

    def first(table: dict[str, str]) -> str:
        return next((name for name, words in table.items() if matches(words)), "")

    subject, setting = first(SUBJECTS), first(SETTINGS)
    weather = first(WEATHERS)
    hue = next((value for value, words in HUES.items() if matches(words)), None)
    # Drawn whether needed or not, so that one more known word leaves the rest as it was.
    any_setting = rng.choice([name for name in SETTINGS if name != "snow"])
    any_light = rng.choice(["sunset", "day", "day", "dawn", "dusk", "night", "autumn", "spring"])
    if not setting:
        setting = "plain" if subject else any_setting
    light = first(LIGHTS)
    if not light:
        light = {"snow": "winter", "space": "night"}.get(setting, any_light)
        if setting == "plain" and light in ("night", "dusk"):
            light = "day"
    return Brief(setting, subject, light, weather, hue, matches(GREYS), first(COATS))
