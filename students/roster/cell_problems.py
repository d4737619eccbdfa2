"""Why a cell of a roster is wrong: a code, which is stored, and its sentence."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

REASONS: dict[str, Any] = {
    "empty": _("This must be filled."),
    "too_long": _("Too long: at most %(limit)d characters."),
    "sign": _("Begins with %(sign)s: spreadsheets take that for a formula. Remove the sign."),
    "formula": _("This cell holds a formula without a result. Copy the column and paste it as values."),
    "date": _("The spreadsheet took this for a date (%(value)s). Set the column to text and type it again."),
    "error": _("This cell holds the error value %(value)s. Mend the formula, or type the value."),
    "number": _("This cell holds %(value)s instead of a number. Type the value."),
    "truth": _("This cell holds the truth value %(value)s. Set the column to text and type the value."),
    "masked": _("This number is masked. Give the whole number, as on the document."),
    "filler": _("“%(value)s” is not a value. Fill this cell."),
    "characters": _("Holds a character that cannot be here: %(character)s"),
    "private_character": _(
        "Holds a character that only this computer knows. Type it with an input method of GB 18030."
    ),
    "name": _("Not a name: letters, characters and the dot · only."),
    "name_sign": _("The sign %(sign)s cannot be in a name. The dot between the parts of a name is ·."),
    "student_no": _("Letters, digits, hyphens, dots and underscores only, without spaces."),
    "gender": _("Write 男 or 女."),
    "id_type": _("Unknown document type. Choose one from the list of the template."),
    "phone": _("Not a phone number."),
    "phone_unclear": _("More than one phone number, or a remark beside it."),
    "email": _("Not an e-mail address."),
    "rounded": _(
        "The spreadsheet has rounded this number: its last digits are lost. Set the column to text and type the number again."
    ),
    "id_old": _("This is the 15-digit number of an old card. Give the 18-digit number."),
    "id_length": _("A number of this document has 18 digits; this one has %(length)d."),
    "id_shape": _("Only digits, and X as the last character."),
    "id_region": _("The first digits name no province. Compare with the card."),
    "id_is_hmt": _("This is the number of a 港澳台居民居住证. Choose that document type."),
    "id_not_hmt": _(
        "A 港澳台居民居住证 begins with 81, 82 or 83. Compare with the card, or choose another document type."
    ),
    "id_date": _("Digits 7 to 14 are no possible date of birth. Compare with the card."),
    "id_check": _("The last character does not fit the others: one of them is mistyped."),
    "id_sex": _("Number and gender do not agree: the number is that of a man or woman of the other gender."),
    "id_document": _("Not a number of this document: 5 to 20 letters and digits."),
    "twice_no": _("The same student number is in row %(row)s too."),
    "twice_row": _("The same student is in row %(row)s too. Delete one of the two rows."),
    "twice_id": _("The same document number is in row %(row)s too."),
    "taken_no": _("This student number is on your roster already."),
    "taken_here": _("This document number already belongs to student number %(student_no)s in your roster."),
    "taken_outside_limit": _(
        "This document number already belongs to a student whom you may not see. Ask your administrator."
    ),
    "by_code": _("The registry's capture code says this; it is not changed here."),
    "not_in_catalogue": _("The catalogue of your school has no such class. Add it there first."),
    "outside_limit": _("You may only keep students of your own colleges and classes. Ask your administrator."),
    "taken_elsewhere": _("This document number is already on the roster of another school. Ask the center."),
    "protected": _("A photo has been taken: this is corrected with evidence and by two persons. Ask for a correction."),
    "printed": _("This student has been printed and can no longer be changed. Ask the center."),
}

# What is imported all the same, and told: the cell stays empty, or the character cannot be printed.
WARNINGS: dict[str, Any] = {
    "filler": _("“%(value)s” was left out: the cell stays empty."),
    "phone_unclear": _("More than one phone number, or a remark beside it: the cell stays empty."),
    "masked": _("This number is masked: the one on the roster stays, with document type and gender."),
    "unprintable": _("No font here has %(characters)s. The photo cannot be printed with it: ask the center."),
}


class Problem(NamedTuple):
    """`params` are for the sentence. They fit in JSON and never hold a document number."""

    code: str
    params: dict[str, Any] = {}

    def __str__(self) -> str:
        return _sentence(REASONS, self)

    @property
    def warning(self) -> str:
        """The sentence when the row is imported all the same."""
        return _sentence(WARNINGS, self)


def _sentence(sentences: dict[str, Any], problem: Problem) -> str:
    text = str(sentences[problem.code])
    return text % problem.params if problem.params else text
