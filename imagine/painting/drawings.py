"""Drawings of animals, people, plants and things, as text.

A drawing has one part a line, from the back to the front; a line that is indented goes on:

    [both | ring8] KIND INK [GRAIN SIDE REACH]: X,Y X,Y …

One is the size of the thing; (0, 0) is where it stands or is held, and y grows downward. `both`
adds a part's mirror image, `ring8` seven copies turned round (0, 0). Kinds: a `shape` has straight
edges, a `blob` smooth ones, with corners where a point is given twice; `cut` and `half` are right
halves of such, from top to bottom; `oval` takes a middle and half-axes; `line WIDTH` is a smooth
stroke. Inks are the names of `scene.inks()`; grains of a second ink gather toward one side.
"""

CAT = """
line .075 body: .2,-.04 .5,0 .62,-.16 .52,-.34 .58,-.46
oval body: .58,-.46 .038,.038
half body rim right .35: 0,-.66 .13,-.62 .2,-.42 .29,-.2 .29,-.04 .2,0 0,.01
both shape body: .205,-.74 .185,-.99 .03,-.87
both shape blush: .172,-.79 .165,-.93 .075,-.865
half body rim right .35: 0,-.895 .13,-.87 .205,-.76 .19,-.66 .1,-.58 0,-.565
both oval lamp: .085,-.735 .038,.03
both oval dark: .085,-.735 .012,.027
shape accent: -.018,-.685 .018,-.685 0,-.664
both line .006 rim: .06,-.672 .25,-.71
both line .006 rim: .06,-.66 .25,-.65"""
FOX = """
blob body shade down .5: .1,-.03 .34,.03 .6,-.1 .68,-.36 .56,-.58 .5,-.4 .44,-.24 .26,-.16
blob white: .68,-.36 .56,-.58 .51,-.42 .58,-.36 .61,-.3
half body shade down .55: 0,-.62 .13,-.58 .2,-.36 .28,-.16 .25,-.02 0,0
half white: 0,-.56 .1,-.46 .09,-.3 0,-.16
both blob body: .02,-.3 .13,-.28 .12,-.03 .02,-.03
both oval dark: .075,-.03 .07,.045
both shape body: .235,-.72 .215,-1.04 .03,-.87
half body shade up .3: 0,-.9 .14,-.87 .245,-.72 .2,-.64 .06,-.5 0,-.48
both shape dark: .205,-.79 .198,-.96 .095,-.87
both blob white: .005,-.5 .06,-.5 .2,-.63 .235,-.7 .1,-.67 .03,-.6
both oval dark: .095,-.715 .022,.026
oval dark: 0,-.505 .032,.024"""
DOG = """
line .085 body: .2,-.08 .4,-.16 .45,-.34 .36,-.44
half body shade down .55: 0,-.62 .14,-.58 .21,-.36 .28,-.16 .25,-.02 0,0
half white: 0,-.5 .1,-.44 .09,-.28 0,-.16
both blob body: .02,-.3 .13,-.28 .12,-.03 .02,-.03
both oval white: .075,-.03 .07,.045
half body shade up .3: 0,-.92 .15,-.88 .23,-.74 .2,-.62 .1,-.5 0,-.48
half white: 0,-.9 .03,-.78 .055,-.68 .13,-.6 .09,-.5 0,-.48
both blob shade: .1,-.9 .24,-.88 .3,-.7 .24,-.58 .17,-.7
both oval dark: .095,-.72 .022,.026
oval dark: 0,-.6 .042,.03"""
RABBIT = """
both blob body shade down .4: .05,-.74 .04,-.94 .11,-1.12 .18,-.99 .14,-.74
both blob blush: .08,-.78 .08,-.92 .11,-1.04 .145,-.95 .12,-.78
half body shade down .6: 0,-.56 .17,-.47 .29,-.2 .26,-.03 0,.01
oval body shade down .35: 0,-.63 .185,.157
both oval body: .13,-.02 .11,.046
both oval dark: .083,-.645 .019,.024
both oval blush: .11,-.58 .032,.02
shape accent: -.018,-.594 .018,-.594 0,-.572"""
DEER = """
both line .03 body: .06,-.72 .2,-.86 .38,-1.02 .36,-1.26 .26,-1.4
both line .02 body: .19,-.85 .22,-.93 .23,-1.05
both line .02 body: .37,-1 .5,-1.04 .57,-1.14
both line .02 body: .37,-1.18 .52,-1.26 .59,-1.36
half body rim right .3: 0,-.62 .11,-.5 .15,-.25 .3,.05 .3,.1
both blob body rim down .5: .09,-.68 .22,-.78 .34,-.73 .24,-.64
half body rim right .4: 0,-.77 .1,-.74 .13,-.64 .085,-.48 .06,-.38 0,-.35
oval dark: 0,-.385 .038,.026
both oval dark: .092,-.6 .014,.02"""
WHALE = """
blob body: .8,-.08 .92,-.3 1.18,-.4 1.04,-.2 1.22,-.06 .98,-.02
blob body rim up .4: -.95,0 -.8,-.24 -.4,-.33 .1,-.24 .55,-.06 .86,-.14 .84,0 .5,.12 0,.24 -.7,.23
blob white: -.93,.02 -.6,.06 -.1,.14 .3,.15 0,.24 -.5,.26 -.86,.15
line .008 rim: -.88,.07 -.4,.12 .05,.17
line .008 rim: -.78,.15 -.4,.19 .05,.21
blob body near down .5: -.35,.14 -.22,.42 -.02,.5 -.1,.28 -.12,.14
oval light: -.66,-.02 .022,.022
oval dark: -.66,-.02 .012,.012"""
CRANE = """
blob shade: .24,-.04 .36,-.36 .34,-.66 .14,-.92 .12,-.63 .02,-.45 0,-.06
blob body shade down .6: .62,-.12 .3,-.06 .05,-.1 -.3,0 -.62,.04 -.3,.1 .05,.1 .3,.04 .46,-.05
blob body accent left .4: .2,0 .1,-.36 -.2,-.72 -.66,-.88 -.46,-.65 -.5,-.54 -.3,-.4 -.32,-.27
shape accent: .6,-.14 .8,-.12 .6,-.09"""
WOMAN = """
half dark sky right .25: 0,-1.12 .24,-1.04 .33,-.76 .34,-.4 .42,-.1 .3,.02
half accent near down .6: 0,-.19 .09,-.24 .14,-.345 .34,-.26 .46,-.12 .5,.04
half blush: .085,-.66 .085,-.4 .15,-.31 .09,-.22 0,-.2
half body blush right .3: 0,-1.02 .15,-.98 .2,-.8 .165,-.62 .06,-.5 0,-.49
blob accent: -.05,-.585 0,-.6 .05,-.585 0,-.562
both line .011 dark: .05,-.765 .088,-.748 .13,-.768
both line .011 dark: .045,-.82 .09,-.84 .14,-.822
line .009 rim: 0,-.76 .022,-.67 -.004,-.655
blob dark sky right .3: -.2,-.7 -.27,-.92 -.14,-1.1 .06,-1.13 .24,-1 .26,-.72 .2,-.78 .13,-.93
    -.1,-.87"""
BOAT = """
shape white accent down .6: .06,-1.9 .33,-1.5 .55,-1.1 .75,-.65 .9,-.2 .06,-.2
shape accent: -.05,-1.6 -.28,-1.2 -.5,-.7 -.66,-.2 -.05,-.2
blob near: -.88,-.1 .98,-.13 .6,.22 -.55,.22"""
LIGHTHOUSE = """
shape white far right .6: -.15,0 -.1,-.82 .1,-.82 .15,0
cut accent: .13,-.34 .138,-.2
cut accent: .11,-.66 .119,-.52
cut dark: .14,-.86 .14,-.82
cut lamp: .07,-.98 .07,-.86
cut dark: 0,-1.1 .09,-.98"""
CABIN = """
shape dark: .35,-.9 .35,-1.45 .55,-1.45 .55,-.8
cut body near down .6: 0,-1.15 .8,-.6 .8,0
cut white: 0,-1.42 .95,-.66 1.02,-.48 0,-1.2
both shape lamp: .25,-.2 .25,-.52 .55,-.52 .55,-.2"""
CACTUS = """
line .15 green: 0,.02 0,-1
both line .1 green: 0,-.4 .24,-.44 .26,-.75
oval green: 0,-1 .073,.073
both oval green: .26,-.75 .048,.048"""
FIR = """
cut body: 0,-1 .07,-.74 .04,-.76 .12,-.58 .06,-.6 .17,-.4 .08,-.43 .2,-.22 .1,-.25 .23,-.09
    .03,-.1 .03,0
shape haze: 0,-1 .07,-.74 .03,-.78 .12,-.58 .05,-.63 .17,-.4 .06,-.47 .2,-.22 .07,-.3 .23,-.09
    .04,-.2"""
SNOWY_FIR = f"""{FIR}
shape white: 0,-1 -.07,-.74 0,-.7 -.12,-.58 -.03,-.52 -.17,-.4 -.05,-.35 -.2,-.22 -.07,-.17
    -.23,-.09
    .02,-.27 -.05,-.28 .03,-.46 -.03,-.45 .03,-.64 -.01,-.63 .03,-.8"""
TREE = """
cut dark: .02,-.5 .045,0
both oval body: .18,-.59 .2,.17
oval body rim up .6: -.06,-.8 .21,.18
oval body rim up .5: .1,-.72 .2,.18
oval body: 0,-.6 .22,.15"""
GRASS = """
shape body: -.3,0 -.5,-.7 -.2,-.1 -.1,-1 0,-.1 .3,-.8 .2,-.1 .6,-.5 .3,0
oval accent: -.1,-1 .1,.1"""
SPRIG = """
line .013 body: 0,0 .03,-.5 0,-1
both blob body: .02,-.15 .1,-.34 .26,-.42 .2,-.24
both blob body: .02,-.33 .1,-.5 .24,-.57 .18,-.4
both blob body: .02,-.51 .08,-.66 .2,-.72 .15,-.57
both blob body: .01,-.68 .06,-.81 .15,-.86 .11,-.73
blob body: 0,-.82 .05,-.92 0,-1.05 -.05,-.92"""
FLOWER = """
line .06 green: 0,0 .1,1.4 0,3.5
both blob green lamp up .4: 0,1.9 .3,1.6 .75,1.4 .6,1.7
ring8 blob body shade left .55: .1,0 .5,-.22 .88,-.26 .97,0 .88,.26 .5,.22
ring8 blob blush shade down .5: 0,.1 .14,.4 .15,.62 0,.68 -.15,.62 -.14,.4
oval lamp dark down .7: 0,0 .2,.2
ring12 oval dark: .13,0 .018,.018"""
PEAKS = """
shape body mist down .8: -1,.05 -.74,-.3 -.5,-.48 -.3,-.76 -.12,-.9 0,-1 .2,-.78 .38,-.62 .6,-.34
    1,.05
shape shade mist down .7: 0,-1 .05,-.86 -.06,-.68 .06,-.5 -.04,-.2 .1,.05 1,.05 .6,-.34 .38,-.62
    .2,-.78
shape white: 0,-1 .2,-.78 .29,-.7 .2,-.7 .15,-.62 .08,-.71 0,-.6 -.06,-.68 -.15,-.57 -.19,-.68
    -.33,-.72
    -.3,-.76 -.12,-.9
shape mist: 0,-1 .2,-.78 .29,-.7 .2,-.7 .15,-.62 .08,-.71 .01,-.65 -.02,-.73 .05,-.86"""
ISLAND = "blob body shade down .9: -1,.02 -.7,-.1 -.45,-.22 -.3,-.4 -.1,-.36 .1,-.44 .3,-.25 1,.02"
CLIFF = "blob body rim right .5: -.4,.2 -.4,-1 .5,-1.04 .9,-.74 1.2,-.66 1.4,-.25 1.6,.2"
TRUNK = """
cut body mist right .35: .007,-1.05 .016,.05
line .006 body: 0,-.62 .05,-.7 .09,-.8
line .006 body: 0,-.45 -.06,-.54 -.09,-.66"""
PLANET = """
blob light: -1.9,0 -1.34,-.35 0,-.5 1.34,-.35 1.9,0 1.35,0 .95,-.23 0,-.32 -.95,-.23 -1.35,0
oval body top right .9: 0,0 1,1
blob light: -1.9,0 -1.34,.35 0,.5 1.34,.35 1.9,0 1.35,0 .95,.23 0,.32 -.95,.23 -1.35,0
line .03 shade: -1.62,.02 -1.15,.29 0,.41 1.15,.29 1.62,.02"""
MOON = "oval body top right .9: 0,0 1,1"
STREAKS = """
oval body: 0,0 .5,.025
oval body: -.25,.07 .4,.03
oval body: .1,.13 .45,.02"""
CLOUD = "blob body sky down .6: -.5,0 -.46,-.1 -.3,-.12 -.2,-.26 0,-.28 .14,-.16 .3,-.2 .5,-.06"
STAR = "ring4 shape body: 0,-1 .1,-.1 -.1,-.1"
PLATE = "blob dark: -.5,-.12 0,-.125 .5,-.12 .57,0 .5,.12 0,.125 -.5,.12 -.57,0"
TILES = [
    "oval body rim down .7: 0,0 .34,.34",
    "blob body rim down .7: -.5,-.5 -.5,-.5 .5,-.5 .5,-.5 .36,0 0,.36 -.5,.5 -.5,.5",
    "blob body rim right .7: -.5,-.5 -.5,-.5 -.36,0 0,.36 .5,.5 .5,.5 .36,0 0,-.36",
    "blob body rim down .7: -.5,.25 -.5,.25 -.43,0 -.25,-.18 0,-.25 .25,-.18 .43,0 .5,.25 .5,.25",
    """
line .14 body: .39,-.5 .32,-.16 .13,.13 -.16,.32 -.5,.39
line .14 rim: .12,-.5 .07,-.26 -.06,-.06 -.26,.07 -.5,.12
line .14 body: -.15,-.5 -.18,-.37 -.25,-.25 -.37,-.18 -.5,-.15""",
]
