"""The proof of a student who moves to another school. What is printed changes, so it is confirmed again there."""

from proofing.models import Proof
from students.moving import move
from students.moving.move import Move


@move.registers_mover
def move_proof(found: Move) -> None:
    for proof in Proof.objects.filter(student=found.old):
        found.copy(proof, student_id=found.new.pk, photo_id=found.photos[proof.photo_id])
        found.told["proof"] = True
