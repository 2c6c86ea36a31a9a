"""Pairs of words of one part of speech, written `hot, cold`: opposite, the same in meaning, or neither."""

import functools
from dataclasses import dataclass

from builder.draws import draw, shuffled

# In either table no word stands twice.
OPPOSITE = {
    "adjective":
        "hot cold,big small,old new,tall short,high low,wide narrow,thick thin,deep shallow,full empty,open closed,"
        "rich poor,happy sad,good bad,right wrong,true false,fast slow,early late,easy difficult,hard soft,"
        "rough smooth,wet dry,clean dirty,strong weak,loud quiet,bright dark,safe dangerous,cheap expensive,"
        "beautiful ugly,brave cowardly,wise foolish,clever stupid,polite rude,kind cruel,generous stingy,"
        "lazy diligent,guilty innocent,alive dead,awake asleep,present absent,same different,public private,"
        "natural artificial,ancient modern,simple complex,sharp blunt,tight loose,sweet sour,raw cooked,"
        "fresh stale,sick healthy,fat slim,male female,major minor,positive negative,active passive,urban rural,"
        "northern southern,eastern western,internal external,temporary permanent,rare common,visible invisible,"
        "possible impossible,legal illegal,honest dishonest,patient impatient,regular irregular,formal informal,"
        "certain uncertain,equal unequal,lucky unlucky,friendly hostile,optimistic pessimistic,vertical horizontal,"
        "superior inferior,mental physical,single married,domestic foreign,transparent opaque,humble proud,"
        "tame wild,straight crooked,flexible rigid,plentiful scarce,useful useless,careful careless,"
        "painful painless,harmful harmless,literal figurative,voluntary compulsory,real imaginary,upper lower,"
        "inner outer,fertile barren,mature immature,complete incomplete,gradual sudden,busy idle,crowded deserted,"
        "boring interesting,tidy messy,exact approximate,abstract concrete,sane insane,tender tough,timid bold,"
        "vague precise,vacant occupied,odd even,singular plural,absolute relative,subjective objective,"
        "theoretical practical,ordinary extraordinary,stable unstable,fair unfair,accidental deliberate,"
        "sober drunk,moral immoral,logical illogical,loyal disloyal,obedient disobedient,accurate inaccurate,"
        "relevant irrelevant,pure impure,efficient inefficient",
    "verb":
        "accept reject,add subtract,admit deny,agree disagree,appear disappear,arrive depart,ask answer,"
        "attack defend,attract repel,begin end,borrow lend,build demolish,buy sell,come go,create destroy,"
        "cry laugh,decrease increase,descend ascend,divide multiply,earn spend,emigrate immigrate,"
        "encourage discourage,enter leave,exclude include,expand shrink,export import,fail succeed,fall rise,"
        "find lose,float sink,follow lead,forbid allow,forget remember,freeze melt,give take,hate love,hide reveal,"
        "improve worsen,inhale exhale,praise criticize,keep discard,learn teach,live die,lock unlock,"
        "maximize minimize,obey disobey,pack unpack,permit prohibit,protect endanger,pull push,punish reward,"
        "receive send,reduce enlarge,remove insert,retreat advance,save waste,shout whisper,simplify complicate,"
        "sit stand,smile frown,start finish,stop continue,strengthen weaken,support oppose,tighten loosen,"
        "trust distrust,wrap unwrap,lengthen shorten,soften harden,connect disconnect,cover uncover,"
        "inflate deflate,respect despise,assemble dismantle,doubt believe,exaggerate understate,gather scatter,"
        "heat cool,hire dismiss",
    "noun":
        "day night,success failure,victory defeat,friend enemy,peace war,life death,heaven hell,hero villain,"
        "winner loser,buyer seller,employer employee,host guest,leader follower,expert novice,summer winter,"
        "morning evening,sunrise sunset,dawn dusk,north south,east west,top bottom,front rear,inside outside,"
        "entrance exit,arrival departure,profit loss,income expenditure,supply demand,advantage disadvantage,"
        "strength weakness,health illness,wealth poverty,truth falsehood,fact fiction,comedy tragedy,poetry prose,"
        "majority minority,future past,floor ceiling,freedom captivity,knowledge ignorance,courage cowardice,"
        "hope despair,joy sorrow,kindness cruelty,order chaos,silence noise,light darkness,shortage surplus,"
        "ascent descent,consonant vowel,cause effect,debtor creditor,optimist pessimist,presence absence,"
        "pleasure pain,simplicity complexity,amateur professional,ancestor descendant,guilt innocence,"
        "humility pride,beauty ugliness,input output,predecessor successor,sender recipient,tenant landlord,"
        "teacher pupil,parent child",
}
SAME = {
    "adjective":
        "large big,small little,happy glad,sad unhappy,angry mad,fast quick,clever intelligent,brave courageous,"
        "rich wealthy,beautiful gorgeous,strange odd,correct right,wrong incorrect,difficult hard,easy simple,"
        "famous renowned,wide broad,distant far,sick ill,tired weary,afraid scared,calm peaceful,quiet silent,"
        "loud noisy,dirty filthy,damp moist,cold chilly,huge enormous,thin slender,plump chubby,whole entire,"
        "complete total,final last,main chief,usual normal,rare uncommon,real genuine,fake counterfeit,"
        "polite courteous,rude impolite,cruel brutal,funny amusing,serious solemn,boring dull,"
        "interesting fascinating,important significant,necessary essential,enough sufficient,empty vacant,"
        "modern contemporary,fair just,honest truthful,loyal faithful,lazy idle,eager keen,careful cautious,"
        "dangerous hazardous,safe secure,strong powerful,weak feeble,silly foolish,crazy insane,lucky fortunate,"
        "unlucky unfortunate,healthy fit,shy timid,jealous envious,pretty attractive,shiny glossy,obvious evident,"
        "certain sure,ready prepared,able capable,suitable appropriate,useful helpful,worried anxious,"
        "grateful thankful,delicious tasty,awful terrible,excellent superb,wonderful marvelous,perfect flawless,"
        "cheap inexpensive,expensive costly,identical same,similar alike,various diverse,strict stern,"
        "stubborn obstinate,curious inquisitive,vast immense,brief short,temporary provisional,reliable dependable,"
        "accurate precise,vague unclear,rapid swift,annual yearly,initial first,previous former,holy sacred,"
        "legal lawful,fatal deadly,poisonous toxic,fragile breakable,foreign alien",
    "verb":
        "begin start,end finish,help assist,buy purchase,get obtain,show display,hide conceal,choose select,"
        "try attempt,need require,want desire,hate detest,speak talk,shout yell,ask inquire,answer reply,"
        "tell inform,watch observe,understand comprehend,forgive pardon,let allow,forbid prohibit,make create,"
        "build construct,destroy ruin,fix repair,smash shatter,join connect,split divide,collect gather,mix blend,"
        "stop cease,keep retain,throw toss,pull tug,push shove,lift raise,jump leap,walk stroll,hurry rush,"
        "leave depart,chase pursue,catch capture,escape flee,defend protect,hurt injure,cry weep,smile grin,"
        "sleep slumber,rest relax,close shut,change alter,reduce decrease,happen occur,appear emerge,"
        "vanish disappear,live dwell,die perish,beat defeat,refuse decline,admit confess,promise vow,"
        "complain grumble,praise commend,scold reprimand,deceive trick,annoy irritate,scare frighten,"
        "surprise astonish,amaze astound,comfort console,persuade convince,force compel,remain stay,postpone delay,"
        "continue proceed,imitate copy,remember recall,recognize identify,find discover,search seek,"
        "examine inspect,calculate compute,explain clarify,describe depict,announce declare,reveal disclose,"
        "suggest propose,recommend advise,order command,use utilize,waste squander,save rescue,donate contribute,"
        "own possess,hold grasp,send dispatch,bring fetch,shine glow,sparkle glitter,shake tremble,spin rotate,"
        "tie fasten,tear rip,resign quit,employ hire,marry wed,boast brag,wander roam,cure heal,merge combine,"
        "provide supply,perform act",
    "noun":
        "house home,car automobile,street road,stone rock,sea ocean,forest woods,ship vessel,job occupation,"
        "work labor,boss manager,doctor physician,teacher instructor,student pupil,child kid,baby infant,boy lad,"
        "woman lady,friend pal,enemy foe,thief robber,king monarch,author writer,guest visitor,customer client,"
        "shop store,error mistake,danger peril,joy delight,sadness sorrow,anger rage,luck fortune,gift present,"
        "prize award,story tale,picture image,speech lecture,plan scheme,aim goal,result outcome,part portion,"
        "piece fragment,top summit,edge border,middle center,area region,place location,country nation,"
        "field meadow,path trail,trip journey,holiday vacation,rule regulation,crime offense,prison jail,"
        "punishment penalty,money cash,price cost,profit gain,bill invoice,beverage drink,clothes garments,"
        "bag sack,rug carpet,couch sofa,film movie,photo photograph,illness disease,pain ache,stomach belly,"
        "animal creature,snake serpent,bug insect,garbage trash,dirt soil,fog mist,era epoch,chance opportunity,"
        "habit custom,skill ability,strength power,courage bravery,lie falsehood,secret mystery,agreement accord,"
        "crowd mob,pair couple,heap pile,rope cord,engine motor,tool instrument,flag banner,odor smell,"
        "flavor taste,color hue,shape form,speed velocity,quantity amount,liberty freedom,duty obligation,"
        "permission consent,rival competitor,assistant helper,cemetery graveyard,sailor mariner,apartment flat",
}


# What is near in meaning, or far, though in neither table.
NEAR = {
    "large": "fat", "victory": "success", "narrow": "slender", "disadvantage": "loss", "fortune": "poverty",
    "worsen": "strengthen", "extraordinary": "scarce", "dependable": "secure", "usual": "concrete", "idle": "busy",
    "hold": "tighten", "fresh": "ill", "creditor": "loss",
}


@dataclass(frozen=True)
class WordPair:
    first: str
    second: str
    part: str                 # noun, verb or adjective
    relation: str             # opposite, same or unrelated

    def text(self) -> str:
        return f"{self.first}, {self.second}"


def read(table: dict[str, str], relation: str) -> list[WordPair]:
    return [WordPair(*pair.split(), part, relation) for part, pairs in table.items() for pair in pairs.split(",")]


@functools.cache
def related() -> list[WordPair]:
    """About 270 opposites and 320 of the same meaning; which word is first is by chance."""
    found = read(OPPOSITE, "opposite") + read(SAME, "same")
    return shuffled([pair if draw("turned", pair.text()).random() < 0.5 else turned(pair) for pair in found], "related")


def turned(pair: WordPair) -> WordPair:
    return WordPair(pair.second, pair.first, pair.part, pair.relation)


@functools.cache
def pairs() -> list[WordPair]:
    """660: 220 opposites, 220 of the same meaning and 220 of neither, whose words are of other pairs."""
    chosen = [pair for relation in ("opposite", "same")
              for pair in [each for each in related() if each.relation == relation][:220]]
    return shuffled(chosen + unrelated(220), "word pairs")


def unrelated(count: int) -> list[WordPair]:
    near = {word: {word, *others.split()} for word, others in NEAR.items()}
    for pair in related():
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            near.setdefault(one, {one}).add(other)
    found = {}
    for number in range(count):
        chance = draw("unrelated", number)
        part = chance.choice(("adjective", "verb", "noun"))
        words = sorted({pair.first for pair in related() if pair.part == part})
        # Neither a pair, nor two words that have a word in common with which they pair.
        one = chance.choice(words)
        other = chance.choice([word for word in words if not near[one] & near[word]])
        found[one, other] = WordPair(one, other, part, "unrelated")
    return list(found.values())
