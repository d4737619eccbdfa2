"""The kinds of notifications of this room."""

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from capture.judging import explanations
from capture.sign_in import real_name
from portal.formatting import yuan
from portal.notification_kinds import NotificationKind, register

ME, REVIEW = "/me/", "/school/review/"

register(
    NotificationKind(
        "photo_failed",
        _("Your photo could not be checked"),
        _("This is our fault, not yours, and someone is looking into it. You can also take a new photo."),
        link=ME,
    ),
    NotificationKind(
        "photo_reset",
        _("Your photo did not pass: please take it again"),
        format_lazy("%(findings)s\n{}", _("Please sign in and take a new photo while the days of your school last.")),
        link=ME,
        is_urgent=False,
        formats={"findings": explanations.describe_rejections},
    ),
    NotificationKind(
        "not_handed_in",
        _("Your portrait is ready but not submitted"),
        _("Please sign in, check your portrait and submit it. Only then does your school see it."),
        link=ME,
        is_urgent=False,
    ),
    NotificationKind(
        "photo_handed_in",
        _("The fee is settled and your photo is submitted"),
        _("There is nothing more to do now. Your school reviews it, and you will be told the result."),
        link=ME,
    ),
    NotificationKind(
        "photo_kept_concluded",
        _("The fee is settled, but your photo could not be submitted"),
        _(
            "It was ready in time, but your school had closed its photos before the payment came in. Please ask the"
            " person in charge at your school to open them again for you. If that is not possible, the fee will be refunded."
        ),
        link=ME,
    ),
    NotificationKind(
        "photo_kept_locked",
        _("The fee is settled, but your photo could not be submitted"),
        _(
            "Your account is locked. When an administrator of your school has unlocked it, sign in and submit the photo;"
            " there is no second fee."
        ),
        link=ME,
    ),
    NotificationKind(
        "photo_released",
        _("Your photo may be used after all"),
        _(
            "The photo rules were adjusted, and your photo is being made into a portrait. Please sign in, check it and submit it; there is no need for a new photo."
        ),
        link=ME,
        is_urgent=False,
    ),
    NotificationKind(
        "photo_excused",
        _("Your photo may be used after all"),
        _(
            "It was checked again with what you have declared, and is being made into a portrait. Please sign in, check it and submit it; there is no need for a new photo."
        ),
        link=ME,
    ),
    NotificationKind(
        "attack.student",
        _("Someone is trying to sign in as %(name)s"),
        _(
            "%(number)s attempts with this name and student number failed today. Ask the student; you can lock the account"
            " on the student's page. Further attempts are slowed down."
        ),
        link="/school/roster/",
        may="students.lock",
    ),
    NotificationKind(
        "consent_withdrawn",
        _("%(student)s has withdrawn consent"),
        _("A photo of this student is in your hands. Reset it, unless it has been printed or registered already."),
        link=REVIEW,
        may="photos.reset",
    ),
    NotificationKind(
        "exemption.declared",
        _("%(student)s has declared something about their appearance"),
        _("Please look at it, and confirm it or say why not. Until then the rules that it concerns only warn."),
        link="/school/exemptions/",
        may="exemptions.decide",
        is_urgent=False,
    ),
    NotificationKind(
        "exemption.confirmed",
        _("Your school has confirmed what you declared"),
        _("The photo rules concerned no longer apply to you."),
        link="/me/exemption/",
    ),
    NotificationKind(
        "exemption.refused",
        _("Your school has not confirmed what you declared"),
        _("All photo rules apply to you. Reason: %(answer)s"),
        link="/me/exemption/",
    ),
    NotificationKind(
        "photo_approved",
        _("Your photo was approved"),
        _("Your portrait meets the requirements. You will be asked to proofread it with your details."),
        link=ME,
        is_urgent=False,
    ),
    NotificationKind(
        "photo_returned",
        _("Your photo was returned: please take it again"),
        _("Please sign in and take a new photo. Reason: %(reason)s"),
        link=ME,
    ),
    NotificationKind(
        "photo_undone",
        _("Your photo is being reviewed again"),
        _("The last decision on your photo was taken back. You will hear from us; please wait."),
        link=ME,
    ),
    NotificationKind(
        "account_locked",
        _("Your account was locked"),
        _("Please speak to the administrator of your school, who can unlock it. Reason: %(reason)s"),
        link=ME,
    ),
    NotificationKind(
        "wechat_unlinked",
        _("Your WeChat was unlinked"),
        _(
            "It signs you in no more, and you are signed out everywhere. Sign in another way; then you can link one again."
            " Reason: %(reason)s"
        ),
        link=ME,
    ),
    NotificationKind(
        "account_unlocked",
        _("Your account is unlocked"),
        _("You can sign in and take your photo. Please follow the photo rules."),
        link=ME,
    ),
    NotificationKind(
        "daily_check",
        _("Daily check: %(taken)d photos taken, %(waiting)d waiting for review"),
        _(
            "Taken today: %(taken)d. Did not pass and reset: %(reset)d. Not submitted yet: %(ready)d. Waiting for your review: %(waiting)d. Students without a photo: %(left)d."
        ),
        link="/school/review/daily/",
        may="photos.check_daily",
    ),
    NotificationKind(
        "capture_ended",
        _("The capture of your school has ended"),
        _("Please have the portraits proofread and the feedback form submitted by %(day)s (%(n)d working days)."),
        link="/school/",
    ),
    NotificationKind(
        "capture_opens",
        _("From tomorrow you can take your graduation photo"),
        _(
            "Your photo days are %(day)s to %(last)s, %(opens)s to %(closes)s. Please sign in, read the photo"
            " rules and take yours in time."
        ),
        link=ME,
        is_urgent=False,
    ),
    NotificationKind(
        "capture_closes",
        _("Tomorrow is the last day for your graduation photo"),
        _("Your photo days end on %(day)s, and there is no photo of you yet. Please take it now."),
        link=ME,
        is_urgent=False,
    ),
    NotificationKind(
        "make_up_opens",
        _("From tomorrow you can take the graduation photo that you missed"),
        _(
            "Make-up days from %(day)s to %(last)s, %(opens)s to %(closes)s, for all who have no accepted photo yet. Please"
            " take yours in time."
        ),
        link=ME,
        is_urgent=False,
    ),
    NotificationKind(
        "make_up_closes",
        _("Tomorrow is the last make-up day for your graduation photo"),
        _("The make-up days end on %(day)s, and there is no accepted photo of you yet. Please take it now."),
        link=ME,
        is_urgent=False,
    ),
    NotificationKind(
        "school_make_up_opens",
        _("The make-up days of your school begin tomorrow"),
        _("From %(day)s to %(last)s, %(opens)s to %(closes)s. Students who have to take a photo: %(n)d."),
        link="/school/schedule/",
        is_urgent=False,
    ),
    NotificationKind(
        "school_make_up_closes",
        _("The make-up days of your school end tomorrow"),
        _("The last day is %(day)s. Students who still have to take a photo: %(n)d."),
        link="/school/roster/",
        is_urgent=False,
    ),
    NotificationKind(
        "school_capture_opens",
        _("The photo days of your school begin tomorrow"),
        _("From %(day)s to %(last)s, %(opens)s to %(closes)s. Students who have to take a photo: %(n)d."),
        link="/school/",
        is_urgent=False,
    ),
    NotificationKind(
        "school_capture_closes",
        _("The photo days of your school end tomorrow"),
        _("The last day is %(day)s. Students who still have to take a photo: %(n)d."),
        link="/school/roster/",
        is_urgent=False,
    ),
    NotificationKind(
        "fee_awaited",
        _("Your photo waits for the fee"),
        _("Your portrait is ready. Please pay %(amount)s yuan; it is then submitted automatically."),
        link="/me/pay/",
        is_urgent=False,
        formats={"amount": yuan},
    ),
    NotificationKind(
        "proof_opened",
        _("Please check your portrait and your details"),
        _("The photo days of your school are over. Confirm by %(day)s that all is right, or say what is wrong."),
        link="/me/proof/",
        is_urgent=False,
    ),
    NotificationKind(
        "likeness_found",
        _("The photo of %(name)s was also submitted by someone else"),
        _(
            "A photo of another student is the same or nearly the same as that of %(name)s (%(number)s, class of"
            " %(year)d), which your school has decided. Please compare the two and say whether they are one picture."
        ),
        may="likenesses.clear",
    ),
    group="photo",
)

register(
    NotificationKind(
        "real_name.used_up",
        _("%(service)s is used up for today"),
        _(
            "It was asked %(number)d times, as often as the operator allows for a day. Students are sent to the next service"
            " or to another way to sign in. The operator can raise the limit."
        ),
        link="/center/season/sign-in/",
        formats={"service": real_name.title_of},
        may="season.manage",
    ),
    NotificationKind(
        "real_name.silent",
        _("%(service)s does not answer"),
        _(
            "%(number)d questions of today had no answer. Students are sent to the next service or to another way to sign in."
            " Offer another way too, and tell the operator: the account may be refused, unpaid or out of reach."
        ),
        link="/center/season/sign-in/",
        formats={"service": real_name.title_of},
        may="season.manage",
    ),
    group="season",
)
