//! The order of a history, as git has it: the younger commit first, of two of one second the one that was met first, and
//! no parent before the commit that led to it.

use git2::{Oid, Repository};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

/// A walk through a history.
pub struct Walk<'a> {
    repository: &'a Repository,
    tips: Vec<Oid>,
    hidden: Vec<Oid>,
    topological: bool,
    first_parent: bool,
    begun: bool,
    /// What is not hidden; none if nothing is.
    within: Option<HashSet<Oid>>,
    met: HashSet<Oid>,
    waiting: BinaryHeap<(i64, Reverse<usize>, Oid)>,
    /// In topological order, the next at the end.
    ordered: Vec<Oid>,
}

impl<'a> Walk<'a> {
    /// One without a beginning.
    pub fn new(repository: &'a Repository) -> Self {
        Self {
            repository,
            tips: Vec::new(),
            hidden: Vec::new(),
            topological: false,
            first_parent: false,
            begun: false,
            within: None,
            met: HashSet::new(),
            waiting: BinaryHeap::new(),
            ordered: Vec::new(),
        }
    }

    /// Begins at a commit too.
    pub fn push(&mut self, id: Oid) {
        self.tips.push(id);
    }

    /// Leaves a commit out, and what it stands on.
    pub fn hide(&mut self, id: Oid) {
        self.hidden.push(id);
    }

    /// One line of history after the other.
    pub fn topological(&mut self) {
        self.topological = true;
    }

    /// Of a merge only the branch that it was made on.
    pub fn first_parent(&mut self) {
        self.first_parent = true;
    }

    fn parents(&self, id: Oid) -> Result<Vec<Oid>, git2::Error> {
        let commit = self.repository.find_commit(id)?;
        let most = if self.first_parent { 1 } else { usize::MAX };
        Ok(commit
            .parent_ids()
            .take(most)
            .filter(|parent| self.within.as_ref().is_none_or(|within| within.contains(parent)))
            .collect())
    }

    fn meet(&mut self, id: Oid) -> Result<(), git2::Error> {
        if self.within.as_ref().is_some_and(|within| !within.contains(&id)) || self.met.contains(&id) {
            return Ok(());
        }
        match self.repository.find_commit(id) {
            Ok(commit) => {
                self.met.insert(id);
                let time = commit.committer().when().seconds();
                self.waiting.push((time, Reverse(self.met.len()), id));
                Ok(())
            }
            // The history of a shallow clone ends somewhere.
            Err(_) if self.repository.is_shallow() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn begin(&mut self) -> Result<(), git2::Error> {
        self.begun = true;
        if !self.hidden.is_empty() {
            let mut walk = self.repository.revwalk()?;
            for id in &self.tips {
                walk.push(*id)?;
            }
            for id in &self.hidden {
                walk.hide(*id)?;
            }
            self.within = Some(walk.collect::<Result<_, _>>()?);
        }
        for id in self.tips.clone() {
            self.meet(id)?;
        }
        if self.topological {
            self.order()?;
        }
        Ok(())
    }

    fn order(&mut self) -> Result<(), git2::Error> {
        let mut all = Vec::new();
        while let Some(id) = self.by_date()? {
            all.push(id);
        }
        let mut children: HashMap<Oid, usize> = all.iter().map(|id| (*id, 0)).collect();
        for id in &all {
            for parent in self.parents(*id)? {
                if let Some(count) = children.get_mut(&parent) {
                    *count += 1;
                }
            }
        }
        let mut stack: Vec<Oid> = all.iter().rev().filter(|id| children[id] == 0).copied().collect();
        let mut ordered = Vec::with_capacity(all.len());
        while let Some(id) = stack.pop() {
            ordered.push(id);
            for parent in self.parents(id)? {
                if let Some(count) = children.get_mut(&parent) {
                    *count -= 1;
                    if *count == 0 {
                        stack.push(parent);
                    }
                }
            }
        }
        ordered.reverse();
        self.ordered = ordered;
        Ok(())
    }

    fn by_date(&mut self) -> Result<Option<Oid>, git2::Error> {
        let Some((.., id)) = self.waiting.pop() else {
            return Ok(None);
        };
        for parent in self.parents(id)? {
            self.meet(parent)?;
        }
        Ok(Some(id))
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Oid, git2::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.begun
            && let Err(error) = self.begin()
        {
            return Some(Err(error));
        }
        if self.topological {
            return self.ordered.pop().map(Ok);
        }
        self.by_date().transpose()
    }
}
