"""Words made of other words: which are odd, and good ones that WordNet does not lead to."""

# Hardly said, of another sense, or beside a word that is more usual.
ODD_DOERS = set(
    "thruster fleer riser wonderer gainer vanisher arriver faller dinner error bettor advisor diffusor intervenor "
    "precipitator wanter starer marveller borer dialyzer arrester conveyor attester divider successor advocator "
    "elector departer overcomer undoer smacker capturer breather opposer appreciator approver symbolizer bleeder "
    "determiner merger reliever earner deviser blinker leaner securer sparer stiffener originator uphold upholder "
    "insurer slasher plunger pleaser staggerer relaxer affirmer attractor initiator testifier recoverer bender "
    "anticipator snatcher fastener withdrawer inducer satisfier welcomer absorber settler confessor burster obliger "
    "carver hurler postponer penetrator prompter speculator sprawler tempter tilter whirler blusher buzzer expender "
    "hopper huddler lurker ponderer transmitter wailer bawler curler lingerer rebutter suer elevator gouger "
    "impairer roamer solderer stooper tugger bobber dilator disseminator lunger memorizer plodder puzzler "
    "reconciler scarer scrutinizer sower stammerer trampler traverser trudger walloper withstander annoyer "
    "assimilator darter gusher ratifier segregator shuffler thwarter twiner waverer wiggler wobbler yanker appeaser "
    "bumper cackler croaker caterer depressor economizer inciter limper misleader nominator ordainer roaster "
    "scoffer smotherer subduer systematizer tacker totterer trembler vower wader yearner alienator alleviator "
    "apprehender ascender balker broiler sustainer grapple grunter mumbler indicator contender suggester container "
    "reflector signifier visualizer trotter fitter filler putter badgerer besieger untier begetter gnawer whooper "
    "reenactor quickener squirmer nudger skidder moistener falsifier gobbler hobbler loather rebuker refuter "
    "saluter actuator ambler analyser scriber stifler analyzer supplanter quitter mentioner prober stirrer slapper "
    "lifter bidder spinner inheritor founder coaxer".split())

ODD_ACTIONS = set(
    "defence advisement deliverance accordance commutation wonderment sustainment pertinence procession "
    "significance confidence instalment intimation puzzlement sorption allegement encompassment adhesion "
    "discontinuance bestowal consistence abidance riddance officiation destination conversation situation "
    "pronouncement construal elicitation population fulfilment traversal apprehension conveyance recession "
    "attribution manifestation personification suspension affixation perpetuation relinquishment summarization "
    "culmination equation precipitation rebuttal severance discernment intersection reaffirmation relegation "
    "subsidization disapproval concurrence acclamation supersession systematization tabulation transcendence "
    "acquiescence interposition gesticulation polarization presupposition crystallization corroboration curtailment "
    "expiration residence originate origination depression conviction commendation resumption compulsion denotation "
    "exclamation utterance entailment commencement capital enjoinment fraction infuriation resuspension television "
    "vacation effacement effectuation embarkment disheartenment congelation dislodgement disbandment reverence "
    "convention acquaintance enrolment reminiscence pervasion suffusion romanticization maximization penalization "
    "induction circumscription deduction resolution revival engagement commission intensification".split())

ODD_ABLE = set(
    "eatable dividable defendable admittable extirpable liquifiable volatilisable volatilizable commutable "
    "commutatable sufferable seeable confusable supposable tellable spinnable speakable adsorbable arbitrable "
    "coagulable conciliable expiable satiable subjugable abdicable abominable administrable apposable cogitable "
    "cognisable cognizable confutable disavowable dissociable execrable explicable gradable harmonizable "
    "hydrolyzable inculpable mensurable mutable palpable permutable personable placable recognisable superpose "
    "superposable vendable transmutable evaporable extricable efface effaceable conformable duplicable alienable "
    "apportionable subduable biddable travelable irritable appreciable expectable oppose opposable severable "
    "avertable compensable allocable fertilizable diagonalizable remediable disagreeable governable agreeable "
    "rescindable forfeitable impugnable imputable venerable certifiable notifiable communicable isolable "
    "distortable".split())

ODD_OF_NOUNS = set(
    "mealy churchly daughterly courtly comradely clubby wifely proprietary painterly anodal thyroidal bronchiolar "
    "beery pianistic woodsy serous brassy fishy husbandly holey soldierly leathery leggy cheery scholastic mythic "
    "societal combinatorial hypothalamic analytic anastomotic meteoritic pleural symmetric hilar epiphyseal "
    "neocortical phonologic typographic arteriolar hyperemic intimal emphysematous lobular creedal deformational "
    "piratical propagandistic physical communistic socialistic capitalistic anionic necrotic bronchial partial "
    "tabular frontal familial universal priestly titular roomy airy meaty scriptural pastoral serial linguistic "
    "testimonial steely managerial sketchy trendy bossy brainy skinny cheeky toothy bodily antigenic earthy throaty "
    "proteinaceous characteristic continuous instantaneous woody orthographic topographical repetitious snaky "
    "grassy fleshy fibrous milky papery summery humanistic efficacious mannish bibliographical parametric spectral "
    "graphical".split())

ODD = ODD_DOERS | ODD_ACTIONS | ODD_ABLE | ODD_OF_NOUNS

# Adjectives without a usual adverb.
NO_ADVERB = set(
    "finite tough regimental rural intermediate bacterial surprised concerned limited municipal legislative "
    "residential bloody inorganic multiple ripe impotent meager reputable enterprising isotropic sporting spirited "
    "united adjectival colloidal conjugal cursed impious inhumane perplexed telegraphic unwanted unqualified "
    "kinesthetic hypothalamic cortical nonspecific tactual distal tired acoustical adverbial lexical parochial "
    "terrestrial homogeneous unconcerned dejected".split())

# Adjectives whose noun usually ends otherwise, or that have none; and adjectives without a usual negative.
ODD_FOR_NESS = set(
    "soluble uncertain imperfect generous timid naive temporary imperative healthful ungrateful honest difficult "
    "simple wise insane homogeneous proper human precise imprecise humorous poor deep absolute distinct profound "
    "little few valid noble acute immature oblique opaque impious inhumane sane joyous sacred spirited rounded "
    "meager brave safe warm broad hungry surprised true long low southern northern positive negative passive "
    "creative subjective sensitive insensitive fatty gaseous frail expected hurried unhurried convex concave "
    "courageous efficacious harmonious humane melodious propitious synonymous resolute irresolute abstruse balky "
    "maladroit incomplete commensurate unlike inward same finite unjust worldly glad convincing tired interested "
    "blessed competitive precocious confused blond random intense shapely dejected intrusive discontented unholy "
    "unprotected salable inactive involuntary domineering restrictive retentive spontaneous unfit pointed "
    "progressive sorry related unrelated".split())

ODD_FOR_NEGATIVE = set(
    "stained social colored established lighted protective dramatic domestic essential pleasing involved musical "
    "charged oriented specialized elastic peaceful reproducible respectable tangled resentful sarcastic shaded "
    "agitated cleared commensurate connected dedicated discernible dynamic enchanted generous improved loving "
    "prophetic sensational sensible veiled amended animated armored carpeted carved descriptive earned fastidious "
    "frozen healthful influential inquiring perplexed reported scholarly selected serviceable sized susceptible "
    "theatrical adaptable addicted addressed alterable awed burdened coated combined concealed corporeal crossed "
    "crowned derived determinable determinate discerning edifying efficacious endowed enforced expedient expendable "
    "expressible extended framed fruitful fueled gregarious groomed harmonious impaired instructive intrusive laced "
    "leavened listed livable melodious oiled owned palpable playable playful politic potent printable propitious "
    "proved recoverable restrictive retentive rhythmical salable seductive sentient shapely silenced stimulating "
    "thematic tipped traveled voiced waxed wooded woven ordered interested stringent unlike portable equitable "
    "contented glorious disputable supportive adjusted attributable perceptive religious resolute enterprising "
    "shaven assigned specified measurable reputable loaded exact finite fastened opposed furnished apologetic "
    "assertive classified rewarding noticeable".split())

MORE_FOR_NESS = (
    "dark kind ill weak sick cold hard black bright clean quick slow rude fair firm good great lonely lazy ugly "
    "tidy rich ripe blind deaf calm clever close coarse cool crude damp dim dizzy drunk dry eager empty faint "
    "fierce flat fond friendly gentle greedy grumpy harsh heavy hoarse holy idle keen lame late light loose meek "
    "mellow mean nervous numb neat open pale plain plump prompt quiet raw red rotten round sharp shy silly sleepy "
    "sloppy smooth sore sour steady steep stiff still sturdy swift tame tender tense tight weary weird wicked blunt "
    "bitter awkward bald bare brisk clumsy crisp fickle gloomy hasty helpless homeless hopeless nasty nimble "
    "restless ruthless lawless fearful faithful hopeful joyful boastful sluggish sly smug spicy sticky thorough "
    "vivid worthless alert kindly ready stale selfless sad mad bold rough thankful tactful tactless mindless "
    "speechless breathless defenseless odd cute fussy tasty cloudy drowsy haughty hearty lofty lowly manly mighty "
    "moody naughty rowdy shady shaky sleek slender smart sober stout strict stubborn tardy trendy untidy uneasy "
    "useful wordy youthful").split()

# Verbs and what can be done.
MORE_ABLE = dict(pair.split() for pair in (
    "accept acceptable,avoid avoidable,break breakable,drink drinkable,wash washable,teach teachable,"
    "fix fixable,print printable,notice noticeable,change changeable,charge chargeable,"
    "exchange exchangeable,test testable,train trainable,play playable,search searchable,edit editable,"
    "honor honorable,respect respectable,remark remarkable,favor favorable,profit profitable,"
    "desire desirable,regret regrettable,control controllable,program programmable,question questionable,"
    "excuse excusable,stretch stretchable,work workable,walk walkable,debate debatable,dispute disputable,"
    "comfort comfortable,wear wearable,publish publishable,laugh laughable,transfer transferable,"
    "return returnable,refund refundable,bear bearable,observe observable,trace traceable,"
    "tolerate tolerable,approach approachable,attach attachable,download downloadable,excite excitable,"
    "fold foldable,cure curable,identify identifiable,learn learnable,pardon pardonable,pass passable,"
    "quote quotable,install installable,click clickable,ship shippable,survive survivable,watch watchable,"
    "hug huggable,kiss kissable,bank bankable,book bookable,inflate inflatable,exploit exploitable,"
    "explore explorable,export exportable,import importable,navigate navigable,open openable,"
    "protect protectable,record recordable,replicate replicable,sail sailable,store storable,"
    "support supportable,tax taxable,twist twistable,upgrade upgradable,remove removable,repair repairable,"
    "rent rentable,stack stackable,treat treatable,view viewable").split(","))

# Nouns and their adjectives.
MORE_OF_NOUNS = dict(pair.split() for pair in (
    "nation national,hero heroic,globe global,nature natural,culture cultural,region regional,"
    "industry industrial,ocean oceanic,magic magical,logic logical,finance financial,"
    "agriculture agricultural,tragedy tragic,poison poisonous,mystery mysterious,fury furious,"
    "religion religious,caution cautious,fame famous,nerve nervous,humor humorous,virtue virtuous,"
    "envy envious,rebellion rebellious,sun sunny,rain rainy,wind windy,storm stormy,snow snowy,ice icy,"
    "thirst thirsty,noise noisy,mess messy,wealth wealthy,greed greedy,dirt dirty,rock rocky,rust rusty,"
    "spice spicy,taste tasty,water watery,sugar sugary,silk silky,hand handy,sleep sleepy,curl curly,"
    "fur furry,cream creamy,fun funny,stick sticky,bubble bubbly,shadow shadowy,person personal,"
    "occasion occasional,season seasonal,margin marginal,fiction fictional,sensation sensational,"
    "education educational,profession professional,exception exceptional,condition conditional,"
    "option optional,addition additional,constitution constitutional,medicine medicinal,commerce commercial,"
    "influence influential,essence essential,face facial,race racial,hope hopeful,care careful,use useful,"
    "beauty beautiful,peace peaceful,power powerful,pain painful,harm harmful,shame shameful,"
    "success successful,stress stressful,grace graceful,wonder wonderful,gold golden,wool woolen,"
    "democrat democratic,acid acidic,alcohol alcoholic,angel angelic,history historical,"
    "geography geographical,grammar grammatical,mountain mountainous,disaster disastrous,muscle muscular,"
    "rectangle rectangular,triangle triangular,circle circular,moment momentary,planet planetary,"
    "coward cowardly,friend friendly,day daily").split(","))

# Adjectives and their negatives.
MORE_NEGATIVE = dict(pair.split() for pair in (
    "fair unfair,kind unkind,able unable,clear unclear,even uneven,wise unwise,steady unsteady,"
    "stable unstable,true untrue,tidy untidy,clean unclean,just unjust,fit unfit,easy uneasy,"
    "friendly unfriendly,mature immature,moral immoral,mortal immortal,active inactive,secure insecure,"
    "direct indirect,correct incorrect,human inhuman,patient impatient,pure impure,mobile immobile,"
    "modest immodest,legible illegible,replaceable irreplaceable,capable incapable,complete incomplete,"
    "decent indecent,dependent independent,edible inedible,experienced inexperienced,offensive inoffensive,"
    "tolerable intolerable,agreeable disagreeable,attractive unattractive,avoidable unavoidable,"
    "bearable unbearable,believable unbelievable,breakable unbreakable,common uncommon,"
    "conditional unconditional,conscious unconscious,constitutional unconstitutional,eventful uneventful,"
    "finished unfinished,forgettable unforgettable,heard unheard,holy unholy,imaginable unimaginable,"
    "intentional unintentional,invited uninvited,justified unjustified,lawful unlawful,loved unloved,"
    "official unofficial,original unoriginal,provoked unprovoked,punished unpunished,remarkable unremarkable,"
    "safe unsafe,seen unseen,skilled unskilled,sold unsold,spoiled unspoiled,spoken unspoken,"
    "suitable unsuitable,supervised unsupervised,sweetened unsweetened,tested untested,thinkable unthinkable,"
    "touched untouched,wanted unwanted,washed unwashed,answered unanswered,cooked uncooked,"
    "disturbed undisturbed,edited unedited,explained unexplained,fulfilled unfulfilled,harmed unharmed,"
    "hurt unhurt,opened unopened,shaken unshaken,tamed untamed,used unused").split(","))
