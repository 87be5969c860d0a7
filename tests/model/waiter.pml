/* SPDX-License-Identifier: MIT */
/* The life of a waiter over several registrations: vt__waiter_new, resume,
 * resume_late, vt__waiter_withdraw, arrive and vt__waiter_free of
 * lib/core/waiter.c, under VT_ANYWHERE. The loop registers three times in the
 * same block, and withdraws when it likes; each registration is resumed by
 * two threads that keep its token for as long as they like. The memory orders
 * of one round are in claim.cpp.
 *
 * Claimed: of the two resumes of a registration one is accepted; a continuation
 * runs at most once, never after its withdrawal was answered with true, and
 * never for another registration's resume; the block comes home once a
 * registration, so that the loop can go on (no invalid end state).
 *
 * WEAK=1 [assertion violated] the token is not moved on when it is given back
 * WEAK=2 [assertion violated] the claim is looked at, then stored
 * WEAK=3 [assertion violated] a withdrawal is stored without a claim
 * WEAK=4 [invalid end state] a late resume does not send the block home
 * WEAK=5 [assertion violated] a withdrawn block is given back at once
 * WEAK=6 [assertion violated] what comes home runs, withdrawn or not */
#ifndef WEAK
#define WEAK 0
#endif
#define ROUNDS 3

byte claim = 0;
byte home = 0;           /* posts of the block, not taken */
byte k = 255;            /* the registration in the block; 255: none */
byte accepted[ROUNDS];
byte ran[ROUNDS];
bool stopped[ROUNDS];

proctype resumer(byte round; byte token) {
  byte found, taken;
  if
  :: taken = token + 1 /* runs it here */
  :: taken = token + 3 /* for later, without a loop: it runs at home */
  fi;
  if
  :: WEAK == 2 ->
     found = claim;
     if
     :: found == token -> claim = taken
     :: else
     fi
  :: else ->
     atomic {
       found = claim;
       if
       :: found == token -> claim = taken
       :: else
       fi
     }
  fi;
  if
  :: found == token && taken == token + 1 ->
     atomic { assert(k == round); ran[k]++; accepted[round]++ }
     assert(!stopped[round]);
     home++
  :: found == token && taken == token + 3 ->
     accepted[round]++;
     home++
  :: found == token + 2 ->
     atomic {
       if
       :: claim == token + 2 -> claim = token + 1; found = 0
       :: else -> found = 1
       fi
     }
     if
     :: found == 0 ->
        accepted[round]++;
        if
        :: WEAK != 4 -> home++
        :: else
        fi
     :: else
     fi
  :: else
  fi
}

inline withdraw(round) {
  if
  :: WEAK == 3 -> claim = token + 2; stopped[round] = true
  :: else ->
     atomic {
       if
       :: claim == token -> claim = claim + 2; stopped[round] = true
       :: claim == token + 3 -> stopped[round] = true
       :: else
       fi
     }
  fi
}

active proctype loop() {
  byte round = 0, token;
  do
  :: round < ROUNDS ->
     k = round;
     atomic { token = claim;
       run resumer(round, token); run resumer(round, token) }
     if
     :: true
     :: true -> withdraw(round)
     fi;
     if
     :: WEAK == 5 && stopped[round]
     :: else -> home > 0; home--
     fi;
     if
     :: claim == token + 3 && (!stopped[round] || WEAK == 6) -> ran[round]++
     :: else
     fi;
     atomic {
       k = 255;
       if
       :: WEAK != 1 -> claim = (claim | 3) + 1
       :: else -> claim = claim & 252
       fi
     }
     round++
  :: else -> break
  od;
  _nr_pr == 1;
  assert(home == 0);
  for (round : 0 .. ROUNDS - 1) {
    assert(accepted[round] == 1);
    assert(ran[round] == (stopped[round] -> 0 : 1))
  }
}
