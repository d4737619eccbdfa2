"""First versions of a season's notice and consent. The center edits them. Chinese only."""

from portal import formatting
from schools.models import Season


def notice_text(season: Season) -> str:
    """The notice to the schools, filled with the season's terms."""
    due = season.payment_due
    text = NOTICE.format(
        year=season.year,
        graduates=season.graduating_class,
        opens=season.opens_at.strftime("%H:%M"),
        closes=season.closes_at.strftime("%H:%M"),
        workdays=season.proof_workdays,
        copies=season.copies,
        price=formatting.yuan(season.price_fen).removesuffix(".00"),
        due=f"{due.month}月{due.day}日",
        account=season.bank_account_name,
        bank=season.bank_name,
        number=season.bank_account_no,
        code=season.bank_code,
    )
    return f"{text}\n附件2\n\n图像采集工作要求\n\n{REQUIREMENTS}"


def consent_text(season: Season) -> str:
    return CONSENT.format(graduates=season.graduating_class, days=season.retention_days, center=season.center_name)


NOTICE = """\
各有关高校、研究生培养单位：

为做好{graduates}届高校毕业生图像信息采集工作，确保毕业生学历电子注册信息规范完整，现将有关事项通知如下：

一、采集时间

{year}年各片区的采集时间见时间安排表，每天{opens}—{closes}拍摄。

二、采集办法

1. 各校根据本校实际情况，在规定时间内完成{graduates}届毕业生电子图像采集。
2. 各校通知学生在规定时间内登录本系统，实名验证通过后，严格按系统要求在线采集和校对确认。
3. 各校指定专人全程负责，做好采集前的动员、培训和现场组织工作（要求见附件2），做到应拍尽拍。
4. 各校在采集完毕后{workdays}个工作日内组织学生进行校对，汇总需要勘误处理的图像信息，及时与中心联系人沟通；\
校对勘误全部完成后，将《电子图像校对反馈表》（见附件3）提交中心。\
中心收到书面反馈后向学校交付纸质照片；未及时反馈的，将影响毕业生学历电子注册。
5. 如有特殊情况，请及时与中心联系。

三、交费方式

经报上级主管部门备案，中心为学生提供电子图像采集、实名验证、后期制作、排版冲印、统一寄送等服务；\
为每位学生提供电子版照片和{copies}张纸质照片；收费标准为{price}元/人。
各校可根据本校实际情况选择不同的交费方式。
方式一：学校统一交费。学校按照实拍人数（以系统统计为准）于当年{due}前将款项汇至指定账户\
（账户名称：{account}，开户行：{bank}，账号：{number}，开户行行号：{code}）。不得将款项交予中心工作人员或汇入其个人账户。
方式二：学生个人交费。学生在线提交照片时完成交费。

四、交付方式

为方便各校分发、校对纸质照片，照片采用整版格式，\
每张照片由成像区、学校名称、专业名称、班级名称和学号、身份证号码、姓名组成，贴好背胶后裁切隐线，用时直接撕下粘贴；各校可登录系统下载本校学生电子版照片。

五、相关要求

1. 系统开通后，各校将“学生电子数据表”按系统提供的模板导入，确保数据准确无误。
2. 各校要高度重视、加强管理，明确责任部门，落实责任人，做好校内组织以及与中心的对接。
3. 上一年度的优秀组织单位要再接再厉，继续做好本校工作，发挥示范引领作用；\
其他学校可向优秀组织单位学习借鉴，名单见学校端“总览”。
4. 中心按照各校实际组织情况发放{year}年工作补贴，年底组织评选，对部分优秀组织单位和个人予以表扬；\
因组织不力造成图像质量不高、影响学历电子注册的，在一定范围内通报。
5. 每天检查拍摄进度，不合格照片当天重置，并及时通知学生重拍。
6. 严禁翻拍和美颜处理，如有违规，学生账号将被锁定，由学校管理员解锁。
7. 如有特殊要求，务必提前与中心联系人沟通。

附件：1. 图像采集时间安排表（见系统首页）；2. 图像采集工作要求；3. 电子图像校对反馈表（由系统生成）。
"""

# Annex 2. As it stands in the notice, and as an annex of its own.
REQUIREMENTS = """\
一、各校按照时间安排表细化本校的采集组织工作，安排专人全程负责。
二、建议选择几个固定的采集点，有条件的学校为采集点配备柔光灯，使光源稳定均衡；\
安排工作人员维持秩序，并在现场作辅助性指导。
三、拍照注意事项：
1. 光线：建议面向窗户，用自然光拍摄，避免阳光直射，不建议在晚间拍摄；面部光线均匀，没有明显或不对称的高光、光斑，没有红眼。
2. 姿态与表情：站姿或坐姿端正，表情自然，双眼自然睁开、平视镜头，双耳对称，双肩平衡，嘴唇自然闭合。
3. 眼镜：平时戴眼镜的应戴眼镜拍摄，但不得戴有色眼镜（含有色隐形眼镜），镜框不得遮挡眼睛，镜片不能反光。
4. 佩饰及遮挡物：不得佩戴耳环、项链等饰品；头发不得遮挡眉毛、眼睛和耳朵；不得使用头部覆盖物，\
因宗教、医疗或文化需要的，不得遮挡脸部或造成阴影；不宜化妆或涂抹防晒霜。
5. 衣着：上衣应与背景色有明显区别，不得穿蓝色上衣，避免复杂图案和条纹。
6. 真实性：严禁翻拍其他照片，严禁用任何软件对面部作美颜处理；违规的学生账号将被锁定，须由学校管理员解锁。
"""

CONSENT = """\
本人同意{center}和所在学校采集、处理本人的姓名、学号、证件号码和照片，用于{graduates}届毕业生图像采集、学历电子注册和纸质照片制作。\
照片由系统自动检测并替换背景，不对面部做任何修饰；原始照片在采集季结束后保存{days}天，随后删除。\
为防止冒用他人照片或旧照片，系统计算照片的特征码，与全省各校、历届照片比对；特征码只随审核通过的证件照保存，不用于识别身份。\
另行勾选同意的，拍摄页面随照片上传按快门前一秒的小幅画面（十帧左右），只用于判断是否翻拍，加密保存，审核后删除；不勾选不影响拍摄。\
本人承诺照片由本人现场拍摄，未翻拍，未使用美颜软件。
"""
