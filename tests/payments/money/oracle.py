"""What must become of the money, in plain Python and whole cents: an oracle for the machine beside it.

It knows no database, no lock and no SQL, and is written from the invariants (I01 to I21), not from the code. Every
act either happens wholly or raises `No` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.payments.money.records import EDITABLE, IN_FLIGHT, Bill, Dispute, No, Pay, Person, Run, in_order, wanted_of


@dataclass
class Books:
    """All bills and runs of a customer."""

    bills: list[Bill] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)

    # --- What is there ----------------------------------------------------------------------------------------------

    def pays(self) -> Iterator[Pay]:
        for run in self.runs:
            yield from run.pays

    def held(self, bill: Bill) -> int:
        return sum(pay.held.get(bill, 0) for pay in self.pays())

    def settled(self, bill: Bill) -> int:
        return sum(pay.settled.get(bill, 0) for pay in self.pays())

    def open(self, bill: Bill) -> int:
        return bill.payable - self.held(bill) - self.settled(bill)

    def disputed(self, bill: Bill) -> int:
        return sum(dispute.standing for dispute in self.disputes if dispute.bill is bill)

    # --- The customer's people --------------------------------------------------------------------------------------

    def open_run(self, who: Person, bills: Iterable[Bill]) -> Run:
        chosen = list(bills)
        self._payable(who, chosen)
        if not chosen and not who.prepares:
            raise No("no right to prepare")
        run = Run(who.name, editors={who.name}, items=dict.fromkeys(chosen, False))
        self.runs.append(run)
        self._short_pay_disputed(chosen)
        return run

    def choose(self, run: Run, who: Person, bills: Iterable[Bill]) -> None:
        self._editable(run)
        chosen = list(bills)
        self._payable(who, chosen)
        if not chosen:
            raise No("nothing chosen")
        self._edit(run, who)
        for bill in chosen:
            run.items.setdefault(bill, False)
        self._short_pay_disputed(chosen)

    def drop(self, run: Run, who: Person, bills: Iterable[Bill]) -> None:
        chosen = self._chosen(run, who, bills)
        self._take_off(chosen, run.live)
        self._edit(run, who)
        for bill in chosen:
            del run.items[bill]
            run.shorts.pop(bill, None)
            run.filled_in.discard(bill)

    def leave_open(self, run: Run, who: Person, bills: Iterable[Bill], *, is_left: bool) -> None:
        chosen = self._chosen(run, who, bills)
        self._edit(run, who)
        run.items.update(dict.fromkeys(chosen, is_left))

    def add_pay(self, run: Run, who: Person, currency: str, planned: int | None) -> Pay:
        self._plan(run, who)
        positions = {pay.position for pay in run.live}
        free = [position for position in range(1, 10) if position not in positions]
        if not free or (planned is not None and planned <= 0):
            raise No("no room for a payment, or nothing planned")
        self._edit(run, who)
        pay = Pay(len(list(self.pays())), free[0], currency, planned)
        run.pays.append(pay)
        return pay

    def plan_pay(self, run: Run, who: Person, pay: Pay, planned: int | None) -> None:
        self._plan(run, who)
        run.pay(pay)
        if planned is not None and (planned <= 0 or planned < pay.placed):
            raise No("less than stands on it")
        self._edit(run, who)
        pay.planned = planned

    def remove_pay(self, run: Run, who: Person, pay: Pay) -> None:
        self._plan(run, who)
        run.pay(pay)
        self._edit(run, who)
        pay.held.clear()
        pay.state = "cancelled"

    def allocate(self, run: Run, who: Person, places: Iterable[tuple[Bill, Pay, int | None, int | None]]) -> None:
        """(bill, payment, amount, percent): neither of the last two is all that is open to it."""
        asked = list(places)
        self._chosen(run, who, [bill for bill, *_ in asked])
        open_ = {bill: self.open(bill) - self.disputed(bill) for bill, *_ in asked}
        after = {pay: dict(pay.held) for pay in run.live}
        seen = set()
        for bill, pay, amount, percent in sorted(asked, key=lambda each: each[0].side):  # credits make room
            stands = after[run.pay(pay)].get(bill, 0)
            wanted = wanted_of(open_[bill] + stands, amount, percent)
            rise = wanted - stands
            total = sum(after[pay].values()) + rise
            if (bill, pay) in seen or bill.currency != pay.currency or not bill.is_current or not bill.payable:
                raise No("these do not go together")
            if wanted * bill.side <= 0 or rise * bill.side > open_[bill] * bill.side:
                raise No("not that much is open")
            if rise > 0 and pay.planned is not None and total > pay.planned:
                raise No("no room")
            seen.add((bill, pay))
            after[pay][bill] = wanted
            open_[bill] -= rise
        self._edit(run, who)
        for pay, held in after.items():
            pay.held = held

    def unallocate(self, run: Run, who: Person, bills: Iterable[Bill], pay: Pay | None) -> None:
        pays = run.live if pay is None else [run.pay(pay)]
        chosen = self._chosen(run, who, bills)
        if not any(each.held.get(bill) for each in pays for bill in chosen):
            raise No("nothing stands there")
        self._take_off(chosen, pays)
        self._edit(run, who)

    def short_pay(self, run: Run, who: Person, bill: Bill, amount: int) -> None:
        self._chosen(run, who, [bill])
        if not 0 < amount <= self.open(bill):
            raise No("not that much is open")
        self._edit(run, who)
        run.shorts[bill] = amount
        run.filled_in.discard(bill)

    def withdraw_short_pay(self, run: Run, who: Person, bill: Bill) -> None:
        self._chosen(run, who, [bill])
        if bill not in run.shorts:
            raise No("not short-paid")
        self._edit(run, who)
        del run.shorts[bill]
        run.filled_in.discard(bill)

    def submit(self, run: Run, who: Person) -> None:
        if run.state != "draft" or not self._may(who.prepares, run):
            raise No("no draft of theirs")
        if not run.live or not all(self._is_placed(run, bill) for bill in run.items):
            raise No("not every cent has its place")
        if any(pay.placed <= 0 or pay.planned not in (None, pay.placed) for pay in run.live):
            raise No("a payment is not full")
        run.state, run.submitter = "submitted", who.name

    def approve(self, run: Run, who: Person) -> None:
        if run.state != "submitted" or not self._may(who.approves, run):
            raise No("nothing to approve")
        if who.name in {run.maker, run.submitter, *run.editors}:
            raise No("their own work")
        run.state = "approved"

    def give_back(self, run: Run, who: Person) -> None:
        if run.state != "submitted" or not self._may(who.approves, run):
            raise No("nothing to give back")
        run.state, run.version = "draft", run.version + 1

    def cancel(self, run: Run, who: Person) -> None:
        if run.state not in EDITABLE or not self._may(who.prepares, run):
            raise No("cannot be cancelled")
        run.state = "cancelled"
        for pay in run.live:
            pay.held.clear()
            pay.state = "cancelled"

    def release(self, run: Run, who: Person) -> None:
        if run.state != "approved" or not self._may(who.approves, run):
            raise No("not approved")
        claims = {bill: short - self.disputed(bill) for bill, short in run.shorts.items()}
        if any(claim > self.open(bill) - self.disputed(bill) for bill, claim in claims.items()):
            raise No("what is short-paid is not open any more")
        self.disputes += [Dispute(bill, claims[bill]) for bill in self.bills if claims.get(bill, 0) > 0]
        run.state = "released"
        for pay in run.live:
            pay.state, pay.planned = "released", pay.placed

    # --- Disputes ---------------------------------------------------------------------------------------------------

    def dispute(self, who: Person, bill: Bill, amount: int | None) -> Dispute:
        runs = [run for run in self.runs if bill in run.items and run.state in EDITABLE]
        pays = [pay for run in runs for pay in run.live if bill in pay.held]
        asked_for = self.open(bill) - self.disputed(bill)
        available = asked_for + sum(pay.held[bill] for pay in pays)
        claim = available if amount is None else amount
        if bill.account not in who.prepares or not bill.is_current or bill.payable <= 0 or not 0 < claim <= available:
            raise No("cannot be disputed")
        for run in runs:
            self._edit(run, who)
        missing = claim - asked_for
        for pay in reversed(in_order(pays)):
            taken = min(max(missing, 0), pay.held[bill])
            missing -= taken
            pay.held[bill] -= taken
            if not pay.held[bill]:
                del pay.held[bill]
        self.disputes.append(Dispute(bill, claim))
        self._short_pay_disputed([bill])
        return self.disputes[-1]

    def withdraw(self, who: Person, dispute: Dispute) -> None:
        if dispute.bill.account not in who.prepares or not dispute.is_discussed:
            raise No("not theirs, or over")
        for run in self.runs:
            if dispute.bill in run.items and run.state in EDITABLE:
                self._edit(run, who)
        dispute.given_up += dispute.undecided
        dispute.is_discussed = False
        self._short_pay_disputed([dispute.bill])

    def decide(self, dispute: Dispute, credit: int) -> None:
        """The carrier credits some of it, and upholds the rest; the credit stands until a credit note comes."""
        if not dispute.is_discussed or credit > dispute.undecided:
            raise No("decided already")
        for run in self.runs:
            if dispute.bill in run.items and run.state in EDITABLE:
                self._return(run)
        dispute.given_up += dispute.undecided - credit
        dispute.credited += credit
        dispute.is_discussed = False
        self._short_pay_disputed([dispute.bill])

    def _short_pay_disputed(self, bills: Iterable[Bill]) -> None:
        """Drafts short-pay by themselves what is disputed, and no more of it once it is not."""
        for run in self.runs:
            for bill in bills:
                if run.state != "draft" or bill not in run.items:
                    continue
                disputed, is_filled = self.disputed(bill), bill in run.filled_in
                if not disputed and is_filled:
                    run.filled_in.discard(bill)
                    run.shorts.pop(bill, None)
                elif disputed and (is_filled or run.shorts.get(bill, 0) < disputed):
                    run.shorts[bill] = disputed
                    run.filled_in.add(bill)

    # --- AR ---------------------------------------------------------------------------------------------------------

    def push(self) -> list[Pay]:
        """All that was released is told to AR."""
        sent = [pay for pay in self.pays() if pay.state == "released"]
        for pay in sent:
            pay.state = "sent"
        return sent

    def answer(self, pay: Pay, booked: Mapping[Bill, int]) -> None:
        """AR books these amounts and refuses the rest; of what it judged before, nothing moves any more."""
        for bill in list(pay.held):
            if booked[bill]:
                pay.settled[bill] = booked[bill]
            del pay.held[bill]
        if pay.state in ("sent", "accepted"):
            is_whole = sum(pay.settled.values()) == pay.planned
            pay.state = "rejected" if not pay.settled else "posted" if is_whole else "partly_posted"
        for run in self.runs:
            if run.state == "released" and not any(each.state in IN_FLIGHT for each in run.live):
                run.state = "closed"

    # --- The nightly import -----------------------------------------------------------------------------------------

    def bill(self, bill: Bill) -> None:
        self.bills.append(bill)

    def revise(self, old: Bill, new: Bill) -> None:
        """What was booked goes to the new bill first, then the holds, as far as it reaches; the rest is free."""
        self.bills.append(new)
        if any(old in pay.held and pay.state in IN_FLIGHT for pay in self.pays()):
            new.state = "waiting"
            return
        self.meet(new)

    def meet(self, new: Bill) -> bool:
        """Whether the new revision can take the place of the current one now."""
        old = next(b for b in self.bills if b.name == new.name and b.is_current and b is not new)
        touched = [pay for pay in self.pays() if old in pay.held or old in pay.settled]
        if any(pay.state in IN_FLIGHT for pay in touched):
            return False
        for run in self.runs:
            if old in run.items and run.state in EDITABLE:
                self._return(run)
        if old.payable < 0:  # a credit that shrinks would lift a payment over its plan: the plan gives way
            for pay in touched:
                pay.planned = None if pay.state == "planned" else pay.planned
        room = self._move(old, new, in_order(touched))
        self._carry_disputes(old, new, room)
        for each in self.bills:
            if each.name == new.name and each.revision < new.revision:
                each.state = "superseded"
        new.state = "published"
        self._follow(old, new)
        self._short_pay_disputed([new])
        return True

    def _carry_disputes(self, old: Bill, new: Bill, room: int) -> None:
        """As far as the new bill leaves something open; the rest was credited by the correction itself."""
        for dispute in [each for each in self.disputes if each.bill is old and each.standing]:
            kept = min(dispute.standing, room)
            gone = dispute.standing - kept
            dispute.credited += max(gone - (dispute.credited - dispute.settled), 0)
            dispute.settled += gone
            room -= kept
            if kept:
                dispute.bill = new
            else:
                dispute.is_discussed = False

    def _move(self, old: Bill, new: Bill, touched: list[Pay]) -> int:
        """Returns what is open of the new bill after it, if anything is."""
        room = max(new.payable * old.side, 0)
        for place in ("settled", "held"):
            for pay in touched:
                stands: dict[Bill, int] = getattr(pay, place)
                amount = min(stands.pop(old, 0) * old.side, room)
                room -= amount
                if amount:
                    stands[new] = amount * old.side
        return room if old.side > 0 else 0

    def _follow(self, old: Bill, new: Bill) -> None:
        for run in self.runs:
            if old not in run.items or run.state not in EDITABLE:
                continue
            is_left, short = run.items.pop(old), run.shorts.pop(old, 0)
            is_filled = old in run.filled_in
            run.filled_in.discard(old)
            if not new.is_void:
                run.items[new] = is_left
            if short and self.open(new) > 0 and not new.is_void:
                run.shorts[new] = min(short, self.open(new))
                run.filled_in |= {new} if is_filled else set()

    # --- May they? --------------------------------------------------------------------------------------------------

    def _editable(self, run: Run) -> None:
        if run.state not in EDITABLE:
            raise No("the run is frozen")

    def _plan(self, run: Run, who: Person) -> None:
        self._editable(run)
        if not who.prepares:
            raise No("no right to prepare")

    def _chosen(self, run: Run, who: Person, bills: Iterable[Bill]) -> list[Bill]:
        self._editable(run)
        chosen = list(dict.fromkeys(bills))
        if not chosen or any(bill not in run.items or bill.account not in who.prepares for bill in chosen):
            raise No("not theirs, or not in the run")
        return chosen

    def _payable(self, who: Person, bills: Iterable[Bill]) -> None:
        for bill in bills:
            if bill.account not in who.prepares or not bill.is_current or not self.open(bill):
                raise No("cannot be chosen")

    def _may(self, accounts: frozenset[str], run: Run) -> bool:
        return bool(accounts) and all(bill.account in accounts for bill in run.items)

    def _edit(self, run: Run, who: Person) -> None:
        self._return(run)
        run.editors.add(who.name)

    @staticmethod
    def _take_off(bills: Iterable[Bill], pays: Iterable[Pay]) -> None:
        """Without its credits a payment may be over its plan: then nothing is taken off."""
        for pay in pays:
            rest = {bill: held for bill, held in pay.held.items() if bill not in bills}
            if pay.planned is not None and sum(rest.values()) > pay.planned:
                raise No("more than is planned would stand there")
        for pay in pays:
            for bill in bills:
                pay.held.pop(bill, None)

    def _return(self, run: Run) -> None:
        if run.state in ("submitted", "approved"):
            run.state, run.version = "draft", run.version + 1

    def _is_placed(self, run: Run, bill: Bill) -> bool:
        rest = self.open(bill) - run.shorts.get(bill, 0)
        if not bill.is_current or (rest < 0 and bill in run.shorts):
            return False
        is_somewhere = any(bill in pay.held for pay in run.live) or bill in run.shorts
        return run.items[bill] or (not rest and is_somewhere)
