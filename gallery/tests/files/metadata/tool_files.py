"""Builds picture files as each tool writes them."""

import gzip
import io
import json

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gallery.tests.drawing import draw

PROMPT = "日落 海景, a red fox, (detailed:1.2)"
NEGATIVE = "blurry, 低质量"
A1111 = (
    f"{PROMPT}\nsecond line\nNegative prompt: {NEGATIVE}\n"
    "Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 42, Size: 512x768, "
    'Model hash: abcdef1234, Model: dreamshaper_8, Lora hashes: "add: 1, b: 2", Version: v1.9.4'
)
COMFY = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 8566, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "scheduler": "normal",
            "denoise": 1.0, "model": ["10", 0], "positive": ["12", 0], "negative": ["12", 1],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": PROMPT, "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": ["11", 0], "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "x"}},
    "10": {"class_type": "LoraLoader", "inputs": {"lora_name": "l", "model": ["4", 0]}},
    "11": {"class_type": "PrimitiveString", "inputs": {"value": NEGATIVE}},
    "12": {
        "class_type": "ControlNetApplyAdvanced",
        "inputs": {"positive": ["6", 0], "negative": ["7", 0], "strength": 1.0},
    },
}  # fmt: skip
COMFY_EDITOR = {
    "nodes": [
        {"id": 3, "type": "KSampler", "widgets_values": [5, "fixed", 20, 8, "euler"],
         "inputs": [{"name": "positive", "link": 1}, {"name": "negative", "link": 2},
                    {"name": "model", "link": 3}]},
        {"id": 6, "type": "CLIPTextEncode", "widgets_values": [PROMPT], "inputs": []},
        {"id": 7, "type": "CLIPTextEncode", "widgets_values": [NEGATIVE], "inputs": []},
        {"id": 4, "type": "CheckpointLoaderSimple", "widgets_values": ["sdxl.safetensors"]},
    ],
    "links": [[1, 6, 0, 3, 0, "CONDITIONING"], [2, 7, 0, 3, 1, "CONDITIONING"],
              [3, 4, 0, 3, 2, "MODEL"]],
}  # fmt: skip
SWARM = {
    "sui_image_params": {
        "prompt": PROMPT, "negativeprompt": NEGATIVE, "model": "flux-dev", "seed": 7, "steps": 28,
        "cfgscale": 3.5, "aspectratio": "1:1", "width": 64, "height": 64, "swarm_version": "0.9.6",
    },
    "sui_extra_data": {"date": "2026-02-07", "original_prompt": "<random:x>"},
    "sui_models": [{"name": "flux-dev", "param": "model", "hash": "0x1"}],
}  # fmt: skip
NOVELAI = {
    "Software": "NovelAI", "Description": PROMPT, "Source": "NovelAI Diffusion V4 37442FCA",
    "Title": "NovelAI generated image",
    "Comment": json.dumps({"uc": NEGATIVE, "steps": 28, "sampler": "k_euler", "seed": 9,
                           "scale": 5.0, "strength": 0.7}),
}  # fmt: skip


def png(**texts: str) -> bytes:
    """Write texts as Pillow's `add_text` does: tEXt, or iTXt if Latin-1 does not suffice."""
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key.replace("__", "-"), text)
    return draw(format="PNG", pnginfo=info)


def with_exif(kind: str = "JPEG", **entries: bytes | str) -> bytes:
    """Write EXIF entries by name: Make, Model, ImageDescription, Software; UserComment,
    MakerNote."""
    tags = {"ImageDescription": 0x010E, "Make": 0x010F, "Model": 0x0110, "Software": 0x0131}
    own = {"UserComment": 0x9286, "MakerNote": 0x927C}
    exif = Image.Exif()
    for name, value in entries.items():
        if name in tags:
            exif[tags[name]] = value
        else:
            exif.get_ifd(0x8769)[own[name]] = value
    return draw(format=kind, exif=exif.tobytes())


def unicode_comment(text: str, order: str = "utf-16-be") -> bytes:
    return b"UNICODE\0" + text.encode(order)


def stealth(text: str, *, alpha: bool = True, compressed: bool = True, kind: str = "PNG") -> bytes:
    """Hide a text in the lowest bits of a picture's alpha or colour channels, by columns."""
    magic = ("stealth_png" if alpha else "stealth_rgb") + ("comp" if compressed else "info")
    body = gzip.compress(text.encode()) if compressed else text.encode()
    payload = magic.encode() + (len(body) * 8).to_bytes(4, "big") + body
    bits = [byte >> shift & 1 for byte in payload for shift in range(7, -1, -1)]
    side = 128
    image = Image.new(
        "RGBA" if alpha else "RGB", (side, side), (90, 120, 200, 254)[: 4 if alpha else 3]
    )
    pixels = image.load()
    for place in range(0, len(bits), 1 if alpha else 3):
        x, y = divmod(place // (1 if alpha else 3), side)
        pixel = list(pixels[x, y])
        if alpha:
            pixel[3] = pixel[3] & 254 | bits[place]
        else:
            for channel, bit in enumerate(bits[place : place + 3]):
                pixel[channel] = pixel[channel] & 254 | bit
        pixels[x, y] = tuple(pixel)
    out = io.BytesIO()
    image.save(out, kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    return out.getvalue()


def dated(time: str, zone: str = "") -> bytes:
    """Build a photo that says when it was taken, and in which time zone."""
    exif = Image.Exif()
    inner = exif.get_ifd(0x8769)
    if time:
        inner[0x9003] = time
    if zone:
        inner[0x9011] = zone
    return draw(exif=exif.tobytes())
